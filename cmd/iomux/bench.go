package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"iomux/cmd/iomux/internal/measure"
)

const benchHelp = `Measures what it costs to wait on n descriptors on this machine, by each
mechanism that it has: prints a table for each workload, and draws a chart.

  wait  one of n pipes is readable; the time of one wait that looks once
  ring  n pipes in a ring, some of them active: who reads a byte from a pipe
        writes one into the next; the time of one event (a read, a write, and
        its part of a wait)

Mechanisms: select, poll, epoll, kqueue, devpoll, and poller, which is package
iomux's portable Poller. Emulated ones are marked, those that this system lacks
are left out.

Every number is the median of several rounds, in each of which every mechanism
has its turn; ± is half the distance of the quartiles. Measure on a quiet machine.

n pipes have 2n ends; on Windows they are sockets. The limit of open
descriptors is raised where that is allowed. What does not fit is left out, and
said to be; without --descriptors as many pipes as fit are taken where 10000 do
not. D is overdrawn where measuring everything once takes longer.

FILE gets its name when all is measured. After Ctrl-C the table of what was
measured so far is printed, and FILE is not written.`

const benchExamples = `  iomux bench                                     a table, in a minute
  iomux bench --out chart.svg                     and a chart
  iomux bench --mechanisms poll,epoll --descriptors 1,2,5,10,20,50 --duration 20
  iomux bench --active 50% --descriptors 1000 --out results.csv`

const benchStatuses = `Exit status:
  0    measured
  1    nothing could be measured, or FILE or the output cannot be written
  2    wrong usage
  130  interrupted (143 by SIGTERM)`

func newBenchCommand() *cobra.Command {
	var mechanisms, descriptors, active []string
	var file string
	took := duration{value: time.Minute, given: true}
	cmd := &cobra.Command{
		Use:                   "bench [flags]",
		Short:                 "Measure what waiting costs by each mechanism",
		Long:                  benchHelp + "\n\n" + benchStatuses,
		Example:               benchExamples,
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan := measure.Plan{Duration: took.value, Fewer: !cmd.Flags().Changed("descriptors")}
			if plan.Duration <= 0 {
				return misuse("--duration: nothing can be measured in no time: want a time such as 10 or 1m30s")
			}
			var err error
			if !cmd.Flags().Changed("mechanisms") {
				mechanisms = measuredMechanisms()
			}
			if plan.Mechanisms, err = chooseMeasured(mechanisms); err != nil {
				return err
			}
			if plan.Descriptors, err = parseDescriptors(descriptors); err != nil {
				return err
			}
			if plan.Active, err = parseActive(active, slices.Max(plan.Descriptors)); err != nil {
				return err
			}
			return bench(plan, file, cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&mechanisms, "mechanisms", nil, "measure only these: `NAME,...`")
	flags.StringSliceVar(&descriptors, "descriptors", []string{"10", "100", "1000", "10000"}, "wait on so many pipes: `N,...`")
	flags.StringSliceVar(&active, "active", []string{"1", "10%", "100%"}, "so many of a ring are active: `N,N%,...`; '' for no ring")
	flags.Var(&took, "duration", "take D in all: seconds (20, 0.5) or 300ms, 1m30s")
	flags.StringVar(&file, "out", "", "make `FILE`, by its name a chart (.svg, .png, .html) or numbers (.json, .csv)")
	completeBench(cmd)
	return cmd
}

// measuredMechanisms is the names of those that this system has.
func measuredMechanisms() []string {
	var names []string
	for _, m := range measure.All() {
		if m.Available() == nil {
			names = append(names, m.Name)
		}
	}
	return names
}

// chooseMeasured is the mechanisms of these names.
func chooseMeasured(names []string) ([]measure.Mechanism, error) {
	available := strings.Join(measuredMechanisms(), ",")
	if available == "" {
		return nil, fmt.Errorf("nothing can be measured: %w: this system has none of the mechanisms", errors.ErrUnsupported)
	}
	var chosen []measure.Mechanism
	for _, name := range names {
		all := measure.All()
		i := slices.IndexFunc(all, func(m measure.Mechanism) bool { return m.Name == name })
		if i < 0 {
			return nil, misuse("--mechanisms: %q is unknown: use some of %s", name, available)
		}
		if err := all[i].Available(); errors.Is(err, errors.ErrUnsupported) {
			return nil, misuse("--mechanisms: this system has no %s: use some of %s", name, available)
		} else if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(chosen, func(m measure.Mechanism) bool { return m.Name == name }) {
			chosen = append(chosen, all[i])
		}
	}
	if len(chosen) == 0 {
		return nil, misuse("--mechanisms: name some of %s", available)
	}
	return chosen, nil
}

func parseDescriptors(texts []string) ([]int, error) {
	var numbers []int
	for _, text := range texts {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > measure.MostDescriptors {
			return nil, misuse("--descriptors: %q: want numbers from 1 to %d, such as 10,100", text, measure.MostDescriptors)
		}
		numbers = append(numbers, n)
	}
	if len(numbers) == 0 {
		return nil, misuse("--descriptors: want numbers, such as 10,100")
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), nil
}

// parseActive may be given no text: then only the bare wait is measured.
func parseActive(texts []string, most int) ([]measure.Active, error) {
	var all []measure.Active
	for _, text := range texts {
		active, err := measure.ParseActive(strings.TrimSpace(text))
		switch {
		case err != nil:
			return nil, misuse("--active: %q: %w", text, err)
		case active.Of(most) > most:
			return nil, misuse("--active: %q: at most %d descriptors are waited on", text, most)
		case !slices.Contains(all, active):
			all = append(all, active)
		}
	}
	return all, nil
}

// bench measures and tells. What could not be written at the end is found before.
func bench(plan measure.Plan, file string, stdout io.Writer) error {
	stop := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		if !signal.Ignored(s) {
			signal.Notify(stop, s)
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go func() {
		s := <-stop
		signal.Stop(stop) // the next one ends everything at once
		cancel(interruption{s})
	}()

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
		// The file first: the output may be a pipe that nobody reads any more.
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
	return out.interrupted(context.Cause(ctx), len(result.Rows) > 0)
}

// interruption is the signal that ended the measuring.
type interruption struct{ os.Signal }

func (i interruption) Error() string { return i.String() }

// status is what shells make of a death by the signal.
func (i interruption) status() int {
	if number, ok := i.Signal.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return statusFailed
}
