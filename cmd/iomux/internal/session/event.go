//go:build unix || windows

package session

import (
	"errors"
	"os"

	"iomux"
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
		err = t.openProcess()
	}
	if err != nil {
		t.fail(err)
	}
}

func (t *target) openProcess() error {
	process, err := findProcess(t.pid)
	if err == nil {
		err = t.session.waiter.setProcess(t, process)
	}
	if errors.Is(err, os.ErrProcessDone) {
		return errors.New("there is no such process")
	}
	return err
}

// reportEvent reports that it has happened. A process exits once.
func (t *target) reportEvent(e event) {
	if t.kind == kindExists {
		t.lookForName()
		return
	}
	r := t.newReport(e.ready)
	if e.ready == exited && e.status != iomux.StatusUnknown {
		r.status = &e.status
	}
	s := t.session
	s.found = append(s.found, finding{t, r})
	if !s.Follow || e.ready == exited {
		t.end()
	}
}
