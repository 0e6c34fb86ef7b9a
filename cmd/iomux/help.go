package main

import (
	"fmt"
	"io"
	"strings"

	"iomux/cmd/iomux/internal/exit"
	"iomux/cmd/iomux/internal/output"
	"iomux/cmd/iomux/internal/suggest"
)

// helpWidth is the width of a terminal that shows help without breaking lines.
const helpWidth = 80

// printHelp prints the help of a command. The man page has the same texts.
func printHelp(cmd *command) error {
	var commands, b strings.Builder
	if cmd.path == "iomux" {
		for _, name := range listed {
			fmt.Fprintf(&commands, "  %-11s  %s\n", name, find(name).short)
		}
	}
	fmt.Fprintf(&b, "Usage: %s\n", cmd.usage())
	for _, part := range []struct{ title, text string }{
		{"", cmd.long}, {"Commands:", commands.String()},
		{"Flags:", cmd.flags.FlagUsagesWrapped(helpWidth)}, {"Examples:", cmd.example},
	} {
		if text := strings.Trim(part.text, "\n"); text != "" {
			b.WriteString("\n" + strings.TrimPrefix(part.title+"\n", "\n") + text + "\n")
		}
	}
	_, err := io.WriteString(output.Stdout, b.String())
	return err
}

func newHelpCommand() *command {
	return &command{
		path:      "iomux help",
		arguments: "[COMMAND]",
		short:     "Show the help of a command",
		long:      "Help shows the help of COMMAND, or of iomux.",
		flags:     newFlags("help"),
		complete:  completeCommands,
		run: func(args []string) error {
			cmd, rest := choose(args)
			if len(rest) > 0 {
				topic := strings.Join(args, " ")
				return exit.Misuse("no help on %q%s", topic, suggest.Question(topic, "wait", "mechanisms", "completion"))
			}
			return cmd.execute([]string{"--help"})
		},
	}
}
