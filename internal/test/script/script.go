// Package script provides a command for the test scripts of several modules.
package script

import (
	"errors"
	"os/exec"
	"strconv"
)

// Script is the part of a *testscript.TestScript that Status uses. This module does not require
// package testscript.
type Script interface {
	Check(err error)
	Exec(command string, args ...string) error
	Fatalf(format string, args ...any)
}

// Status runs a command and compares its exit status, as in "status 124 iomux wait -t 1 stdin".
func Status[S Script](ts S, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status NUMBER CMD [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		got = ended.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}
