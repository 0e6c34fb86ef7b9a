//go:build unix || windows

package session

import (
	"errors"
	"os"
)

// openEvent begins to wait for a timer, a signal or a process.
func (t *target) openEvent() {
	w := t.session.waiter
	var err error
	switch t.kind {
	case kindTimer:
		err = w.setTimer(t, t.period)
	case kindSignal:
		err = w.setSignal(t, t.signal)
	case kindProcess:
		t.openProcess()
	}
	if err != nil {
		t.fail(err)
	}
}

// openProcess begins to wait for a process. A process that has ended is ready at once, because a
// script cannot know whether its job still runs.
func (t *target) openProcess() {
	process, err := findProcess(t.pid)
	if err == nil {
		err = t.session.waiter.setProcess(t, process)
	}
	switch {
	case errors.Is(err, os.ErrProcessDone):
		t.exit(nil)
	case err != nil:
		t.fail(err)
	}
}

// lookForProcess reports the end of the process. Some systems look for it only every 100 ms.
func (t *target) lookForProcess() {
	if _, err := findProcess(t.pid); errors.Is(err, os.ErrProcessDone) {
		t.exit(nil)
	}
}

// reportEvent reports an event of a source without a descriptor.
func (t *target) reportEvent(e event) {
	switch {
	case t.kind == kindExists, t.kind == kindChange && t.session.Gone:
		t.lookForName()
	case t.kind == kindProcess:
		t.exit(e.status)
	default:
		t.report(t.newReport(e.ready))
	}
}

// exit reports that the process has ended.
func (t *target) exit(status *int) {
	r := t.newReport(exited)
	if t.session.Gone {
		r.ready = gone
	}
	r.status = status
	t.report(r)
}
