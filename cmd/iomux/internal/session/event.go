//go:build unix || windows

package session

import (
	"errors"
	"os"
)

// openEvent begins to wait for what has no descriptor of the user's: a timer, a signal or a process.
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
		t.report(t.newReport(exited))
	case err != nil:
		t.fail(err)
	}
}

// reportEvent reports that it has happened. A process exits once.
func (t *target) reportEvent(e event) {
	if t.kind == kindExists {
		t.lookForName()
		return
	}
	r := t.newReport(e.ready)
	r.status = e.status
	t.report(r)
}
