//go:build linux

// Bench measures iomux and its rivals in interleaved rounds, and writes the results beside the
// goals:
//
//	bench -out RESULTS.md -time 11m
//
// If a machine lacks something, such as a C compiler, bench leaves out what needs it. The results
// list what was left out, and why.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"syscall"
	"time"

	"iomux/bench/rival"
)

func main() {
	err := raiseLimit()
	if err == nil && len(os.Args) > 1 && os.Args[1] == "rival" {
		err = rival.Run(os.Args[2:])
	} else if err == nil {
		err = bench(os.Args[1:], os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// raiseLimit allows this process and its children as many descriptors as the system does.
func raiseLimit() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

func bench(arguments []string, progress io.Writer) (err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	out := flags.String("out", "", "write the results to this `file`, else to standard output")
	notes := flags.String("notes", "", "append this `file` to the results")
	allowed := flags.Duration("time", 9*time.Minute, "measure for about this long")
	only := flags.String("only", "", "measure the groups whose titles match this regular `expression`")
	most := flags.Int("rounds", 41, "make at most this `number` of rounds of each group")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(groups(), func(g group) bool { return !wanted.MatchString(g.title) })
	all, err := newRivals()
	if err != nil {
		return err
	}
	defer func() { _ = all.close() }()
	r := newRunner(all, progress, *most)
	about := describe(all)
	r.runAll(chosen, *allowed)
	about.finished()
	text := report(about, chosen, r.results)
	if *notes != "" {
		more, err := os.ReadFile(*notes)
		if err != nil {
			return err
		}
		text += "\n" + string(more)
	}
	return write(*out, text)
}

// write writes the results to a file, or to standard output if file is empty. It keeps results of
// an earlier file that are missing in text.
func write(file, text string) error {
	if file == "" {
		_, err := io.WriteString(os.Stdout, text)
		return err
	}
	older, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(file, []byte(withEarlier(text, string(older))), 0o644)
}
