// Command iomux waits for several things at once in a shell script, such as descriptors, FIFOs,
// connections, files, processes and timers. See iomux help.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"

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
// later, step by step.
//
//go:noinline
func growStack(i uint8) byte {
	var frame [7 << 10]byte
	return frame[i]
}

// run runs the command and returns its exit status.
func run(args []string) int {
	if len(args) > 1 && args[0] == "__complete" {
		return statusOf(newRootCommand(), printOffers(args[1:]))
	}
	cmd, args := choose(args)
	err := cmd.execute(args)
	if err != nil && cmd.wantsJSON(args) {
		session.PrintFailure(err)
	}
	return statusOf(cmd, err)
}

// wantsJSON reports whether --json was given, even if it stands after an argument that is wrong.
func (c *command) wantsJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	flag := c.flags.Lookup("json")
	return flag != nil && (flag.Value.String() == "true" || slices.Contains(args, "--json"))
}

// statusOf prints the error if the user has not seen it, and returns its exit status.
func statusOf(cmd *command, err error) int {
	var ended exit.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		if ended.Reason != nil {
			exit.Complain(ended.Reason.Error())
		}
		if ended.Status == exit.Misused {
			exit.Complain(fmt.Sprintf("try '%s --help'", cmd.path))
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

func newRootCommand() *command {
	flags := newFlags("iomux")
	printed := flags.BoolP("version", "v", false, "print the version")
	return &command{
		path:      "iomux",
		arguments: "COMMAND",
		short:     "Wait for several things at once",
		long: "Iomux waits for several things at once: descriptors, FIFOs, terminals,\n" +
			"connections, datagrams, files, processes, signals and timers. It reports which\n" +
			"is ready, or runs a command.",
		example:  "  iomux wait stdin tcp://localhost:80     # iomux wait --help has more",
		flags:    flags,
		run:      func(args []string) error { return runRoot(*printed, args) },
		complete: completeCommands,
	}
}

// runRoot prints the version, or explains a missing or unknown command.
func runRoot(printed bool, args []string) error {
	if printed {
		_, err := fmt.Fprintln(output.Stdout, "iomux version", version())
		return err
	}
	if len(args) == 0 {
		return exit.Misuse("name a command: wait or mechanisms")
	}
	word := args[0]
	if nearest := suggest.Nearest(word, "wait", "mechanisms", "help", "completion", "--version"); nearest != "" {
		return exit.Misuse("unknown command %q: did you mean iomux %s?", word, nearest)
	}
	return exit.Misuse("unknown command %q: use wait or mechanisms", word)
}

// version returns the version that the Go tool wrote into the program.
func version() string {
	origin := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		origin = info.Main.Version
	}
	return fmt.Sprintf("%s %s %s/%s", origin, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
