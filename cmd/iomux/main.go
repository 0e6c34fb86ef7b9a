// Command iomux waits for several things at once in a shell script, such as descriptors, FIFOs,
// connections, files, processes and timers. See iomux help.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"iomux/cmd/iomux/internal/exit"
	"iomux/cmd/iomux/internal/output"
	"iomux/cmd/iomux/internal/session"
	"iomux/cmd/iomux/internal/suggest"
)

func main() {
	growStack(0)
	os.Exit(run(os.Args[1:]))
}

// growStack makes the stack large enough for the command. The runtime would otherwise grow it
// later, deep in package cobra, where it has many frames to copy.
//
//go:noinline
func growStack(i uint8) byte {
	var frame [7 << 10]byte
	return frame[i]
}

// run runs the command and returns its exit status.
func run(args []string) int {
	out := &checkedWriter{w: output.Stdout}
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(output.Stderr)
	cmd, err := root.ExecuteC()
	if out.err != nil {
		err = exit.Error{Status: exit.Failed, Reason: out.err}
	}
	if err != nil && wantsJSON(cmd, args) {
		session.PrintFailure(err)
	}
	return statusOf(cmd, err)
}

// wantsJSON reports whether --json was given, even if it stands after an argument that is wrong.
func wantsJSON(cmd *cobra.Command, args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	flag := cmd.Flags().Lookup("json")
	return flag != nil && (flag.Value.String() == "true" || slices.Contains(args, "--json"))
}

// statusOf prints the error if the user has not seen it, and returns its exit status.
func statusOf(cmd *cobra.Command, err error) int {
	var ended exit.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		if ended.Reason != nil {
			exit.Complain(ended.Reason.Error())
		}
		if ended.Status == exit.Misused {
			exit.Complain(fmt.Sprintf("try '%s --help'", cmd.CommandPath()))
		}
		return ended.Status
	}
	advice := ""
	if errors.Is(err, syscall.EMFILE) {
		advice = ": raise the limit of descriptors with ulimit -n"
	}
	exit.Complain(err.Error() + advice)
	return exit.Failed
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "iomux COMMAND",
		Short: "Wait for several things at once",
		Long: "Iomux waits for several things at once: descriptors, FIFOs, terminals,\n" +
			"connections, datagrams, files, processes, signals and timers. It reports which\n" +
			"is ready, or runs a command.",
		Example:            "  iomux wait stdin tcp://localhost:80     # iomux wait --help has more",
		Args:               cobra.ArbitraryArgs,
		RunE:               runRoot,
		CompletionOptions:  cobra.CompletionOptions{DisableDefaultCmd: true},
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableAutoGenTag:  true,
		DisableSuggestions: true,
	}
	root.Flags().BoolP("version", "v", false, "print the version")
	// The flag exists. No completion follows it, as after cobra's own.
	_ = root.Flags().SetAnnotation("version", cobra.FlagSetByCobraAnnotation, []string{"true"})
	root.SetFlagErrorFunc(explainFlag)
	root.AddCommand(newWaitCommand(), newMechanismsCommand())
	root.AddCommand(newCompletionCommand(root), newManCommand(root))
	root.SetHelpCommand(newHelpCommand(root))
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { printHelp(cmd.OutOrStdout(), cmd) })
	return root
}

// explainFlag adds to an error of cobra what the user may have meant.
func explainFlag(cmd *cobra.Command, err error) error {
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
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { names = append(names, "--"+flag.Name) })
	word := "--" + unknown.GetSpecifiedName()
	if letters := unknown.GetSpecifiedShortnames(); letters != "" {
		word = "-" + letters
	}
	advice := suggest.Question(word, names...)
	switch {
	case advice != "":
	case !cmd.HasParent():
		advice = ": flags follow the command, as in iomux wait " + word
	case cmd.Name() == "wait":
		advice = ": write ./" + word + " for a file, and -- before a command that has flags"
	}
	return exit.Misuse("%w%s", err, advice)
}

// runRoot prints the version, or explains a missing or unknown command.
func runRoot(cmd *cobra.Command, args []string) error {
	if printed, _ := cmd.Flags().GetBool("version"); printed { // the flag exists
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "iomux version", version())
		return err
	}
	if len(args) == 0 {
		return exit.Misuse("name a command: wait or mechanisms")
	}
	word := args[0]
	if nearest := suggest.Nearest(word, "wait", "mechanisms", "help", "completion"); nearest != "" {
		return exit.Misuse("unknown command %q: did you mean iomux %s?", word, nearest)
	}
	return exit.Misuse("unknown command %q: use wait or mechanisms", word)
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return exit.Misuse("%s takes no arguments, not %q", cmd.Name(), args[0])
	}
	return nil
}

// version returns the version that the Go tool wrote into the program.
func version() string {
	origin := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		origin = info.Main.Version
	}
	return fmt.Sprintf("%s %s %s/%s", origin, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// checkedWriter keeps the first error, because cobra ignores errors of its output.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil && c.err == nil {
		c.err = err
	}
	return n, err
}
