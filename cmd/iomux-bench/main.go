// Command iomux-bench measures what each mechanism costs on this machine, and draws a chart.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"iomux/cmd/iomux-bench/internal/measure"
)

// Exit statuses. An interrupted run ends with 128 plus the number of the signal, as in shells.
const (
	statusFailed = 1
	statusUsage  = 2
)

const help = `iomux-bench measures what waiting on n descriptors costs on this machine with
each of its mechanisms. It prints one table for each workload, and can draw a
chart.

Usage:
  iomux-bench [flags]

Workloads:
  wait  one of n pipes is readable; the time of one wait that does not block
  ring  n pipes form a ring, and some of them are active: each byte read from a
        pipe is written to the next; the time of one event, which is a read, a
        write and a share of a wait

Mechanisms are select, poll, epoll, kqueue, devpoll and poller. The last one is
the portable Poller of package iomux. Emulated mechanisms are marked with *.

Every number is the median of several rounds. Each round measures every
mechanism once. ± is half the distance between the quartiles. Run it on a quiet
machine.

n pipes need 2n descriptors. On Windows the pipes are sockets. iomux-bench
raises the limit of open descriptors if it may. Sizes that do not fit are
skipped, with a note. The run takes longer than D if one pass does.

FILE is written at the end. Ctrl-C prints the results so far and leaves FILE
unchanged.

Flags:
  --mechanisms NAME,...   measure only these mechanisms
  --descriptors N,...     numbers of pipes (default 10,100,1000,10000)
  --active N,N%,...       active pipes of a ring (default 1,10%,100%);
                          '' measures no ring
  --duration D            total time, such as 20, 300ms or 1m30s (default 1m)
  --out FILE              write a chart (.svg, .png, .html) or
                          numbers (.json, .csv)

Examples:
  iomux-bench
  iomux-bench --out chart.svg
  iomux-bench --mechanisms poll,epoll --descriptors 1,2,5,10,20,50
  iomux-bench --active 50% --descriptors 1000 --out results.csv

Exit status:
  0    success
  1    nothing could be measured, or the output could not be written
  2    wrong usage
  130  interrupted (143 after SIGTERM)
`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command and returns its exit status.
func run(args []string, stdout, stderr io.Writer) int {
	err := runFlags(args, stdout)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintln(stderr, "iomux-bench:", err)
	var wrong usageError
	var stopped interruption
	switch {
	case errors.As(err, &wrong):
		_, _ = fmt.Fprintln(stderr, "iomux-bench: try 'iomux-bench --help'")
		return statusUsage
	case errors.As(err, &stopped):
		return stopped.status()
	}
	return statusFailed
}

// usageError marks an error of the arguments.
type usageError struct{ error }

func misuse(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// runFlags parses the flags, measures, and writes the results.
func runFlags(args []string, stdout io.Writer) error {
	asked := request{mechanisms: measuredMechanisms(), descriptors: []string{"10", "100", "1000", "10000"},
		active: []string{"1", "10%", "100%"}, duration: time.Minute}
	flags := flag.NewFlagSet("iomux-bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("mechanisms", "", list(&asked.mechanisms))
	flags.Func("descriptors", "", list(&asked.descriptors))
	flags.Func("active", "", list(&asked.active))
	flags.Func("duration", "", asked.setDuration)
	file := flags.String("out", "", "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, err := io.WriteString(stdout, help)
		return err
	case err != nil:
		return usageError{err}
	case flags.NArg() > 0:
		return misuse("unexpected argument %q", flags.Arg(0))
	}
	flags.Visit(func(f *flag.Flag) { asked.exact = asked.exact || f.Name == "descriptors" })
	plan, err := asked.plan()
	if err != nil {
		return err
	}
	return bench(plan, *file, stdout)
}

// bench measures and writes the results. It reserves the file first, to find out early if it cannot
// be written.
func bench(plan measure.Plan, file string, stdout io.Writer) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go cancelOnSignal(cancel)

	out, err := reserve(file)
	if err != nil {
		return err
	}
	defer out.discard()
	bar := newProgress()
	plan.Progress = bar.show
	result, err := measure.Run(ctx, plan)
	bar.clear()
	if err != nil {
		return err
	}
	if !result.Interrupted {
		// Write the file first: writing to a closed pipe on stdout ends the process.
		if err := out.write(result); err != nil {
			return err
		}
		if len(result.Rows) == 0 {
			return fmt.Errorf("nothing was measured: %s", result.LeftOut[0])
		}
		return printResult(stdout, result)
	}
	if len(result.Rows) > 0 {
		if err := printResult(stdout, result); err != nil {
			return err
		}
	}
	return interruption{context.Cause(ctx), len(result.Rows) > 0, file}
}

// cancelOnSignal cancels the measurement on the first signal. The second one ends the process.
func cancelOnSignal(cancel context.CancelCauseFunc) {
	stop := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		if !signal.Ignored(s) {
			signal.Notify(stop, s)
		}
	}
	s := <-stop
	signal.Stop(stop)
	cancel(signalError{s})
}

// signalError is the cause of a measurement cancelled by a signal.
type signalError struct{ os.Signal }

func (s signalError) Error() string { return s.String() }

// interruption is the error of an interrupted measurement.
type interruption struct {
	cause   error
	printed bool   // a table was printed
	file    string // the output file, left unchanged; empty for none
}

func (i interruption) Error() string {
	text := "interrupted before the first measurement"
	if i.printed {
		text = "interrupted: the table shows the results so far"
	}
	if i.file != "" {
		text += "; " + i.file + " was not written"
	}
	return text
}

// status returns the exit status that shells report for a process ended by the signal.
func (i interruption) status() int {
	if by, ok := errors.AsType[signalError](i.cause); ok {
		if number, ok := by.Signal.(syscall.Signal); ok {
			return 128 + int(number)
		}
	}
	return statusFailed
}
