package main

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// progress shows one line on stderr, if stderr is a terminal.
type progress struct{ terminal bool }

func newProgress() progress { return progress{term.IsTerminal(int(os.Stderr.Fd()))} }

// show replaces the line. It is called between measurements, so it does not disturb them.
func (p progress) show(done float64, doing string) {
	if p.terminal {
		_, _ = fmt.Fprintf(os.Stderr, "\r%3.0f %%  %-40s", 100*min(done, 1), doing)
	}
}

// clear removes the line.
func (p progress) clear() {
	if p.terminal {
		_, _ = fmt.Fprintf(os.Stderr, "\r%48s\r", "")
	}
}
