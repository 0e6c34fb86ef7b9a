package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"iomux/cmd/iomux/internal/exit"
	"iomux/cmd/iomux/internal/suggest"
)

// command is iomux or one of its commands.
type command struct {
	path      string // iomux and the name
	arguments string // as the usage shows them
	short     string
	long      string
	example   string
	flags     *pflag.FlagSet
	run       func(args []string) error
	// complete returns what the word typed after args can become. It is nil if no words follow.
	complete func(args []string, typed string) ([]string, directive)
}

// listed holds the names of the commands that the help shows. The command man is for make install.
var listed = []string{"completion", "help", "mechanisms", "wait"}

// find returns the command of that name, or nil. It makes no others, because that takes time.
func find(name string) *command {
	switch name {
	case "completion":
		return newCompletionCommand()
	case "help":
		return newHelpCommand()
	case "man":
		return newManCommand()
	case "mechanisms":
		return newMechanismsCommand()
	case "wait":
		return newWaitCommand()
	}
	return nil
}

// choose returns the command of the arguments, and those after its name.
func choose(args []string) (*command, []string) {
	if len(args) > 0 {
		if cmd := find(args[0]); cmd != nil {
			return cmd, args[1:]
		}
	}
	return newRootCommand(), args
}

func newFlags(command string) *pflag.FlagSet {
	return pflag.NewFlagSet(command, pflag.ContinueOnError)
}

// execute parses the arguments, and runs the command or shows its help.
func (c *command) execute(args []string) error {
	c.addHelpFlag()
	if err := c.flags.Parse(args); err != nil {
		return c.explain(err, args)
	}
	if help, _ := c.flags.GetBool("help"); help { // the flag exists
		return printHelp(c)
	}
	return c.run(c.flags.Args())
}

func (c *command) addHelpFlag() { c.flags.BoolP("help", "h", false, "show this help") }

// explain adds to an error of the flags what the user may have meant.
func (c *command) explain(err error, args []string) error {
	unknown, invalid := (*pflag.NotExistError)(nil), (*pflag.InvalidValueError)(nil)
	switch {
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "bool":
		return exit.Misuse("--%s takes no value, not %q", invalid.GetFlag().Name, invalid.GetValue())
	case errors.As(err, &invalid):
		return exit.Misuse("--%s: %q: %w", invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap())
	case !errors.As(err, &unknown):
		return exit.Misuse("%w", err)
	}
	var names []string
	c.flags.VisitAll(func(flag *pflag.Flag) { names = append(names, "--"+flag.Name) })
	word := "--" + unknown.GetSpecifiedName()
	if letters := unknown.GetSpecifiedShortnames(); letters != "" { // the rest of an argument
		for _, arg := range slices.Backward(args) {
			if strings.HasPrefix(arg, "-") && strings.HasSuffix(arg, letters) {
				word = arg
			}
		}
	}
	advice := suggest.Question(word, names...)
	switch {
	case advice != "":
	case c.path == "iomux":
		advice = ": flags follow the command, as in iomux wait " + word
	case c.path == "iomux wait":
		advice = ": write ./" + word + " for a file, and -- before a command that has flags"
	}
	return exit.Misuse("%w%s", err, advice)
}

// usage returns the command with its arguments.
func (c *command) usage() string { return strings.TrimSpace(c.path + " " + c.arguments) }

func noArguments(name string, args []string) error {
	if len(args) > 0 {
		return exit.Misuse("%s takes no arguments, not %q", name, args[0])
	}
	return nil
}
