// Package session waits for the sources of iomux wait, and reports which are ready.
package session

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"iomux"
	"iomux/cmd/iomux/internal/exit"
	"iomux/cmd/iomux/internal/output"
	"iomux/cmd/iomux/internal/suggest"
)

// Options are the flags of iomux wait.
type Options struct {
	Timeout   time.Duration // negative: none
	Retry     time.Duration // 0: none
	All       bool
	Follow    bool
	Gone      bool
	JSON      bool
	Quiet     bool
	Mechanism iomux.Mechanism
	Command   []string // CMD and its arguments
}

// Run parses the sources, waits for them, and runs the command.
func Run(opts Options, texts []string) error {
	sources := make([]source, len(texts))
	for i, text := range texts {
		var err error
		if sources[i], err = opts.parse(text); err != nil {
			return exit.Error{Status: exit.Misused, Reason: err}
		}
	}
	return waitFor(opts, sources, printer{w: output.Stdout, json: opts.JSON, quiet: opts.Quiet || opts.Command != nil})
}

// parse returns the source of an argument, if the options can be used with it.
func (o *Options) parse(text string) (source, error) {
	parsed, err := parseOne(text)
	if err != nil {
		return source{}, err
	}
	if parsed, err = parsed.withPort(); err != nil {
		return source{}, err
	}
	if err := parsed.missing(o); err != nil {
		return source{}, err
	}
	if o.Gone && !parsed.canGo() {
		return source{}, fmt.Errorf("%s: --gone takes only tcp://, unix://, exists:, path: and pid: sources", printable(text))
	}
	return parsed, nil
}

// mechanisms are the mechanisms of the command, the best first.
var mechanisms = []iomux.Mechanism{iomux.Epoll, iomux.Kqueue, iomux.EventPort, iomux.AFD, iomux.DevPoll, iomux.Poll, iomux.Select}

// Mechanisms returns the names that --mechanism takes on this system, the best first.
func Mechanisms() []string {
	var names []string
	for _, m := range mechanisms {
		if m.Available() {
			names = append(names, m.String())
		}
	}
	return names
}

// Mechanism returns the mechanism of that name, or the best of this system for an empty name.
func Mechanism(name string) (iomux.Mechanism, error) {
	names := Mechanisms()
	if len(names) == 0 {
		return 0, errors.New("waiting is not supported on this system yet")
	}
	if name == "" {
		name = names[0]
	}
	for _, m := range mechanisms {
		switch {
		case m.String() != name:
		case !m.Available():
			return 0, exit.Misuse("--mechanism: %s is not available on this system: use %s", name, strings.Join(names, " or "))
		default:
			return m, nil
		}
	}
	advice := suggest.Question(name, names...)
	if advice == "" {
		advice = ": use " + strings.Join(names, ", ")
	}
	return 0, exit.Misuse("--mechanism: no mechanism is called %q%s", name, advice)
}
