package main

import (
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress is a bar on the terminal, if stderr is one.
type progress struct{ bar *progressbar.ProgressBar }

// fineness is how many steps the bar has.
const fineness = 1000

func newProgress() progress {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return progress{}
	}
	return progress{progressbar.NewOptions(fineness,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetWidth(30),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(),
	)}
}

// show is called between measurements: nothing else runs while they do.
func (p progress) show(done float64, doing string) {
	if p.bar != nil {
		p.bar.Describe(doing)
		_ = p.bar.Set(min(int(done*fineness), fineness-1)) // where the terminal is gone, nobody looks
	}
}

func (p progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
