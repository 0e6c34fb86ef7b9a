// Command check runs the steps of make check, several at once, and leaves out the steps that this
// machine cannot run.
//
//	check [-probe] STEP...
//
// Start it in the root of the project. Each step is a target of the Makefile. The flag -probe only
// prints whether this machine can run each step, and which tests it cannot run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if !check() {
		os.Exit(1)
	}
}

// check runs or probes the steps in the arguments, and reports whether no step failed.
func check() bool {
	probeOnly := flag.Bool("probe", false, "print what this machine cannot run, and run nothing")
	flag.Parse()
	// The terminal or the reader of the output may also end.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	ctx, cancel := whileParentLives(ctx)
	defer cancel()
	for _, limit := range limits(ctx) {
		fmt.Println("check: left out:", limit)
	}
	if *probeOnly {
		printProbes(ctx, flag.Args())
		return true
	}
	r := newRun(flag.Args())
	r.all(ctx)
	return r.report()
}

// whileParentLives returns a context that also ends with the parent process, which is usually make.
func whileParentLives(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	go func() {
		for os.Getppid() == parent {
			time.Sleep(time.Second)
		}
		cancel()
	}()
	return ctx, cancel
}

// printProbes prints whether this machine can run each step.
func printProbes(ctx context.Context, steps []string) {
	for _, step := range steps {
		if reason := probe(ctx, step); reason != "" {
			fmt.Printf("check: left out: step %s: %s\n", step, reason)
			if other := instead[step]; other != "" {
				fmt.Printf("check: can run step %s instead\n", other)
			}
		} else {
			fmt.Printf("check: can run step %s\n", step)
		}
	}
}

// report prints the time of each step, the slowest first, and the result. It reports whether no
// step failed.
func (r *run) report() bool {
	var failed, left []string
	slices.SortFunc(r.results, func(a, b result) int { return int(b.took - a.took) })
	for _, one := range r.results {
		switch {
		case one.left != "":
			left = append(left, fmt.Sprintf("%s (%s)", one.step, one.left))
			continue
		case one.err != nil:
			failed = append(failed, one.step)
		}
		fmt.Printf("check: %4.0f s  %s\n", one.took.Seconds(), one.step)
	}
	if left != nil {
		fmt.Println("check: left out:", strings.Join(left, ", "))
	}
	if failed != nil {
		fmt.Println("check: FAILED:", strings.Join(failed, ", "))
		return false
	}
	fmt.Println("check: passed")
	return true
}
