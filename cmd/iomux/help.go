package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"iomux/cmd/iomux/internal/exit"
	"iomux/cmd/iomux/internal/suggest"
)

// helpWidth is the width of a terminal that shows help without breaking lines.
const helpWidth = 80

// printHelp prints the help of a command. The man page has the same texts.
func printHelp(w io.Writer, cmd *cobra.Command) {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: %s\n", usageLine(cmd))
	for _, part := range []struct{ title, text string }{
		{"", cmd.Long}, {"Commands:", commandList(cmd)}, {"Flags:", flagList(cmd)}, {"Examples:", cmd.Example},
	} {
		if text := strings.Trim(part.text, "\n"); text != "" {
			b.WriteString("\n" + strings.TrimPrefix(part.title+"\n", "\n") + text + "\n")
		}
	}
	_, _ = io.WriteString(w, b.String()) // a checkedWriter keeps the error
}

// usageLine returns the command with its arguments.
func usageLine(cmd *cobra.Command) string {
	if !cmd.HasParent() {
		return cmd.Use
	}
	return cmd.Parent().CommandPath() + " " + cmd.Use
}

func commandList(cmd *cobra.Command) string {
	var b strings.Builder
	for _, child := range cmd.Commands() {
		if child.IsAvailableCommand() || child.Name() == "help" {
			fmt.Fprintf(&b, "  %-11s  %s\n", child.Name(), child.Short)
		}
	}
	return b.String()
}

func flagList(cmd *cobra.Command) string {
	cmd.InitDefaultHelpFlag()
	if help := cmd.Flags().Lookup("help"); help != nil {
		help.Usage = "show this help"
	}
	return cmd.LocalFlags().FlagUsagesWrapped(helpWidth)
}

// newHelpCommand replaces cobra's, which exits with 0 for an unknown command.
func newHelpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:               "help [COMMAND]",
		Short:             "Show the help of a command",
		Long:              "Help shows the help of COMMAND, or of iomux.",
		ValidArgsFunction: completeCommands,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				topic := strings.Join(args, " ")
				return exit.Misuse("no help on %q%s", topic, suggest.Question(topic, "wait", "mechanisms", "completion"))
			}
			return cmd.Help()
		},
	}
}
