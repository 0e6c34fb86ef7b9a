package main

import (
	_ "embed"
	"io"

	"github.com/spf13/cobra"

	"iomux/cmd/iomux/internal/exit"
	"iomux/cmd/iomux/internal/suggest"
)

// bashCompletion replaces cobra's script, which needs the package bash-completion.
//
//go:embed completion.bash
var bashCompletion string

const completionHelp = `Completion prints a script that completes the commands, flags and sources of
iomux. The script needs no other package.

Setup:
  bash        source <(iomux completion bash)    # in ~/.bashrc
  zsh         source <(iomux completion zsh)     # in ~/.zshrc after compinit
  fish        iomux completion fish | source     # in config.fish
  powershell  iomux completion powershell | Out-String | Invoke-Expression`

func newCompletionCommand(root *cobra.Command) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Print the completion script of a shell",
		Long:      completionHelp,
		ValidArgs: shells,
		Args:      cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			w := cmd.OutOrStdout()
			switch {
			case len(args) == 0:
				return exit.Misuse("name a shell: bash, zsh, fish or powershell")
			case len(args) > 1:
				return exit.Misuse("completion takes one shell, not %q, too", args[1])
			}
			switch args[0] {
			case "bash":
				_, err := io.WriteString(w, bashCompletion)
				return err
			case "zsh":
				return root.GenZshCompletion(w)
			case "fish":
				return root.GenFishCompletion(w, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(w)
			}
			advice := suggest.Question(args[0], shells...)
			if advice == "" {
				advice = ": name a shell: bash, zsh, fish or powershell"
			}
			return exit.Misuse("no completion for %q%s", args[0], advice)
		},
	}
}
