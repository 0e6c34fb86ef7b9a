package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newManCommand returns the command that prints the man page for make install.
func newManCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:    "man",
		Short:  "Print the man page",
		Long:   "Man prints the man page, for make install.",
		Hidden: true,
		Args:   noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), manPage(root))
			return err
		},
	}
}

// manPage returns iomux(1) in roff, made from the help of all commands.
func manPage(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString(".TH IOMUX 1\n.SH NAME\niomux \\- " + roff(lowerFirst(root.Short)) + "\n.SH SYNOPSIS\n.nf\n")
	for _, cmd := range manCommands(root) {
		b.WriteString(roff(usageLine(cmd)) + "\n")
	}
	b.WriteString(".fi\n.SH DESCRIPTION\n" + roffText(root.Long))
	for _, cmd := range manCommands(root) {
		b.WriteString(".SH \"" + strings.ToUpper(roff(cmd.CommandPath())) + "\"\n" + roffText(cmd.Long))
		b.WriteString(roffFlags(cmd))
		if cmd.Example != "" {
			b.WriteString(roffText("Examples:\n" + cmd.Example))
		}
	}
	return b.String()
}

// manCommands returns the commands that the man page describes.
func manCommands(root *cobra.Command) []*cobra.Command {
	var commands []*cobra.Command
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			commands = append(commands, cmd)
		}
	}
	return commands
}

func lowerFirst(text string) string { return strings.ToLower(text[:1]) + text[1:] }

// Verbatim lines are indented less, so that they fit terminals of 80 columns.
const (
	beginVerbatim = ".nf\n.in -4n\n"
	endVerbatim   = ".in\n.fi\n"
)

// roffText turns help into roff. Lines that end with a colon after an empty line are headings,
// indented lines stay as they are, and other lines are filled.
func roffText(text string) string {
	var b strings.Builder
	verbatim, first := false, true
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		line = strings.TrimSuffix(line, "\n")
		if indented := strings.HasPrefix(line, " "); indented != verbatim {
			verbatim = indented
			b.WriteString(map[bool]string{true: beginVerbatim, false: endVerbatim}[indented])
		}
		switch {
		case line == "":
			b.WriteString(".PP\n")
		case first && !verbatim && strings.HasSuffix(line, ":"):
			b.WriteString(".SS \"" + roff(strings.TrimSuffix(line, ":")) + "\"\n")
		default:
			b.WriteString(roff(line) + "\n")
		}
		first = line == ""
	}
	if verbatim {
		b.WriteString(endVerbatim)
	}
	return b.String()
}

func roffFlags(cmd *cobra.Command) string {
	flagList(cmd) // adds --help
	var b strings.Builder
	b.WriteString(".SS Flags\n")
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(flag)
		name := "--" + flag.Name
		if flag.Shorthand != "" {
			name = "-" + flag.Shorthand + ", " + name
		}
		fmt.Fprintf(&b, ".TP\n\\fB%s\\fR \\fI%s\\fR\n%s\n", roff(name), roff(value), roff(usage))
	})
	return b.String()
}

// roff escapes what roff would take for a request, an escape or a hyphen.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
