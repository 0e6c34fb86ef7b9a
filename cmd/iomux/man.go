package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"iomux/cmd/iomux/internal/output"
)

// newManCommand returns the command that prints the man page for make install.
func newManCommand() *command {
	return &command{
		path:  "iomux man",
		short: "Print the man page",
		long:  "Man prints the man page, for make install.",
		flags: newFlags("man"),
		run: func(args []string) error {
			if err := noArguments("man", args); err != nil {
				return err
			}
			_, err := io.WriteString(output.Stdout, manPage())
			return err
		},
	}
}

// manPage returns iomux(1) in roff, made from the help of all commands.
func manPage() string {
	root := newRootCommand()
	var commands []*command
	for _, name := range listed {
		if name != "help" {
			commands = append(commands, find(name))
		}
	}
	var b strings.Builder
	b.WriteString(".TH IOMUX 1\n.SH NAME\niomux \\- " + roff(lowerFirst(root.short)) + "\n.SH SYNOPSIS\n.nf\n")
	for _, cmd := range commands {
		b.WriteString(roff(cmd.usage()) + "\n")
	}
	b.WriteString(".fi\n.SH DESCRIPTION\n" + roffText(root.long))
	for _, cmd := range commands {
		b.WriteString(".SH \"" + strings.ToUpper(roff(cmd.path)) + "\"\n" + roffText(cmd.long))
		b.WriteString(roffFlags(cmd))
		if cmd.example != "" {
			b.WriteString(roffText("Examples:\n" + cmd.example))
		}
	}
	return b.String()
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

func roffFlags(cmd *command) string {
	cmd.addHelpFlag()
	var b strings.Builder
	b.WriteString(".SS Flags\n")
	cmd.flags.VisitAll(func(flag *pflag.Flag) {
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
