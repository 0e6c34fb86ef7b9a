package main

import (
	"embed"
	"slices"

	"iomux/cmd/iomux/internal/exit"
	"iomux/cmd/iomux/internal/output"
	"iomux/cmd/iomux/internal/suggest"
)

// completions holds the scripts. They run iomux __complete, which prints the offers.
//
//go:embed completion
var completions embed.FS

const completionHelp = `Completion prints a script that completes the commands, flags and sources of
iomux. The script needs no other package.

Setup:
  bash  source <(iomux completion bash)    # in ~/.bashrc
  zsh   source <(iomux completion zsh)     # in ~/.zshrc after compinit
  fish  iomux completion fish | source     # in config.fish`

var shells = []string{"bash", "zsh", "fish"}

func newCompletionCommand() *command {
	return &command{
		path:      "iomux completion",
		arguments: "SHELL",
		short:     "Print the completion script of a shell",
		long:      completionHelp,
		flags:     newFlags("completion"),
		complete:  completeShells,
		run: func(args []string) error {
			switch {
			case len(args) == 0:
				return exit.Misuse("name a shell: bash, zsh or fish")
			case len(args) > 1:
				return exit.Misuse("completion takes one shell, not %q, too", args[1])
			case slices.Contains(shells, args[0]):
				script, err := completions.ReadFile("completion/iomux." + args[0])
				if err == nil {
					_, err = output.Stdout.Write(script)
				}
				return err
			}
			advice := suggest.Question(args[0], shells...)
			if advice == "" {
				advice = ": name a shell: bash, zsh or fish"
			}
			return exit.Misuse("no completion for %q%s", args[0], advice)
		},
	}
}
