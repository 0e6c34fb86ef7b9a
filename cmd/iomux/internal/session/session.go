//go:build unix || windows

package session

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"iomux/cmd/iomux/internal/exit"
)

// pause is the time between two reports of a source that stays ready, if the mechanism is only
// level-triggered.
const pause = 100 * time.Millisecond

// gathering is longer than the time in which a Poller combines the changes of a path.
const gathering = 12 * time.Millisecond

// namedSources is the number of sources that the message of an expired timeout names.
const namedSources = 20

// session is one run of iomux wait, in one goroutine. Each turn waits, reports the ready sources,
// and checks whether the session is over.
type session struct {
	Options
	printer
	waiter   *waiter
	answers  chan answer // of lookups
	start    time.Time
	targets  []*target         // those that can still become ready, in argument order
	watched  map[int][]*target // by descriptor: several if it was named twice
	found    []finding         // since the last reports
	ready    []report          // all that were reported ready, for CMD
	child    *child            // CMD, nil for none
	failures int
	turns    int
	looked   bool           // lookAgain has run, or is not needed
	quit     chan os.Signal // SIGQUIT outside CMD
	unread   bool           // the reader of the output has gone
}

// finding is a report of a target that has not been printed yet.
type finding struct {
	*target
	report
}

// waitFor waits for the sources, and runs CMD.
func waitFor(opts Options, sources []source, p printer) error {
	s := &session{
		Options: opts, printer: p, start: time.Now(), watched: map[int][]*target{},
		looked: opts.Timeout == 0, answers: make(chan answer, maxAttempts), quit: make(chan os.Signal, 1),
	}
	if err := s.findCommand(); err != nil {
		return err
	}
	var err error
	if s.waiter, err = newWaiter(opts.Mechanism); err != nil {
		return err
	}
	for i, source := range sources {
		s.targets = append(s.targets, &target{source: source, session: s, index: i, fd: -1, writer: -1})
	}
	s.endAtQuit()
	if err := s.run(); err != nil {
		return err
	}
	if s.child != nil && !s.Follow {
		return s.replace()
	}
	return nil
}

// run waits until the sources are ready, as the options require.
func (s *session) run() error {
	for _, t := range slices.Clone(s.targets) {
		t.open()
		if s.All && s.failures > 0 {
			break // the first failure ends the session
		}
	}
	s.watchOutput()
	if s.Timeout == 0 {
		s.finishLookups()
	}
	for {
		expired, err := s.turn()
		if err != nil {
			return err
		}
		if s.unread {
			return exit.Error{Status: exit.Failed}
		}
		if err := s.printFindings(); err != nil {
			return err
		}
		if over, ending := s.verdict(expired); over {
			return ending
		}
	}
}

// watchOutput ends iomux wait --follow | head -1 when head ends, not at the next report.
func (s *session) watchOutput() {
	if !s.Follow || s.printer.quiet && !s.printer.json {
		return
	}
	output := &target{session: s, fd: 1, writer: -1, edge: true, take: func(states) { s.unread = true }}
	if s.watch(output) != nil {
		s.unwatch(output) // a file or a device has no reader that could end
	}
}

// turn waits once. It calls the targets that are ready, and those with something due. It reports
// whether the timeout has expired.
func (s *session) turn() (expired bool, err error) {
	left := s.left()
	last := left == 0 && s.looked
	switch {
	case last && s.gathers():
		left = gathering
	case left == 0 && !s.looked:
		s.lookAgain()
	}
	s.turns++
	events, err := s.waiter.wait(s.untilNext(left))
	if err != nil {
		return false, err
	}
	for _, e := range events {
		if e.target != nil {
			e.target.reportEvent(e)
			continue
		}
		for _, t := range slices.Clone(s.watched[e.fd]) {
			if ready := t.concerns(e.ready); ready != 0 {
				t.take(ready)
			}
		}
	}
	s.takeAnswers()
	now := time.Now()
	for _, t := range slices.Clone(s.targets) {
		if t.later != nil && !now.Before(t.due) {
			later := t.later
			t.later = nil
			later()
		}
	}
	return last && (s.Follow || len(s.found) == 0), nil
}

// lookAgain makes due what is due after the deadline, such as the next attempt of --retry. Sources
// that became ready after the last look are then reported, too.
func (s *session) lookAgain() {
	s.looked = true
	now := time.Now()
	for _, t := range s.targets {
		if t.kind == kindProcess {
			t.later = t.lookForProcess
		}
		t.due = now
	}
}

// gathers reports whether the Poller may hold a change from before the deadline.
func (s *session) gathers() bool {
	return s.Timeout > 0 && slices.ContainsFunc(s.targets, func(t *target) bool { return t.kind == kindChange })
}

// left returns the rest of the timeout, negative if there is none.
func (s *session) left() time.Duration {
	if s.Timeout < 0 {
		return -1
	}
	return max(0, s.Timeout-time.Since(s.start))
}

// untilNext returns the time until the timeout or until a target has something due. With findings
// it returns 0, to collect the other sources that are ready.
func (s *session) untilNext(left time.Duration) time.Duration {
	if len(s.found) > 0 {
		return 0
	}
	for _, t := range s.targets {
		if t.later != nil {
			if until := max(0, time.Until(t.due)); left < 0 || until < left {
				left = until
			}
		}
	}
	return left
}

// printFindings prints the findings in the order of the arguments, and runs CMD for each.
func (s *session) printFindings() error {
	slices.SortStableFunc(s.found, func(a, b finding) int { return a.index - b.index })
	found := s.found
	s.found = nil
	for _, f := range found {
		if err := s.printer.print(f.report); err != nil {
			return err
		}
		if f.failed {
			exit.Complain(printable(f.report.source) + ": " + f.report.err.Error() + f.advice(f.report.err))
			continue
		}
		if s.Follow {
			if err := s.runChild(f.report); err != nil {
				return err
			}
		}
		s.ready = append(s.ready, f.report)
	}
	if s.Follow && len(s.ready) > 1 {
		s.ready = s.ready[:1] // verdict only asks whether there was one
	}
	return nil
}

// verdict reports whether the session is over, and returns its result.
func (s *session) verdict(expired bool) (over bool, ending error) {
	reported, failed, none := len(s.ready) > 0, s.failures > 0, len(s.targets) == 0
	switch {
	case s.All && failed:
		return true, exit.Error{Status: exit.Failed}
	case s.All && none, s.Follow && none && !failed, !s.All && !s.Follow && reported:
		return true, nil
	case none:
		return true, exit.Error{Status: exit.Failed}
	case expired && s.Follow && reported:
		return true, nil
	case expired:
		return true, s.late()
	}
	return false, nil
}

// late returns the error of an expired timeout, with the sources that are not ready. With a timeout
// of 0 it has no message.
func (s *session) late() error {
	reason := lateError{elapsed: time.Since(s.start)}
	var missing []string
	for _, t := range s.targets {
		missing = append(missing, printable(t.text)+t.obstacle())
		reason.sources = append(reason.sources, t.text)
	}
	if more := len(missing) - namedSources; more > 0 {
		missing = append(missing[:namedSources], fmt.Sprintf("and %d more", more))
	}
	state := "ready"
	if s.Gone {
		state = "gone"
	}
	reason.text = fmt.Sprintf("not %s after %v: %s", state, s.Timeout, strings.Join(missing, ", "))
	err := exit.Error{Status: exit.TimedOut, Reason: reason}
	if s.Timeout == 0 {
		if s.JSON {
			PrintFailure(err)
		}
		err.Reason = nil
	}
	return err
}

// watch adds a target to those of its descriptor.
func (s *session) watch(t *target) error {
	s.watched[t.fd] = append(s.watched[t.fd], t)
	return s.update(t.fd)
}

func (s *session) unwatch(t *target) {
	if !slices.Contains(s.watched[t.fd], t) {
		return
	}
	others := slices.DeleteFunc(s.watched[t.fd], func(other *target) bool { return other == t })
	s.watched[t.fd] = others
	if len(others) == 0 {
		delete(s.watched, t.fd)
		_ = s.waiter.drop(key{fd: t.fd}) // fails only for unwatched descriptors
		return
	}
	_ = s.update(t.fd) // it is watched, so this cannot fail
}

// update makes the waiter wait for the states that the targets of the descriptor want.
func (s *session) update(fd int) error {
	var want states
	edge := true
	for _, t := range s.watched[fd] {
		want |= t.want
		edge = edge && t.edge
	}
	return s.waiter.set(fd, want, edge)
}
