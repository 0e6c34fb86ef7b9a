//go:build linux

package kqueueemu

import (
	"syscall"

	"iomux/internal/kevent"
)

// user is the source of FilterUser.
type user struct{}

func (user) attach(q *Queue, _ int, r *registration) syscall.Errno {
	trigger := r.fflags&kevent.NoteTrigger != 0
	r.fflags &= kevent.NoteFFlagsMask
	if trigger {
		r.triggered = true
		q.activate(r)
	}
	return 0
}

func (user) touch(q *Queue, _ int, r *registration, change kevent.Event) syscall.Errno {
	bits := change.Fflags & kevent.NoteFFlagsMask
	switch change.Fflags & kevent.NoteFFCtrlMask {
	case kevent.NoteFFAnd:
		r.fflags &= bits
	case kevent.NoteFFOr:
		r.fflags |= bits
	case kevent.NoteFFCopy:
		r.fflags = bits
	}
	r.data = change.Data
	if change.Fflags&kevent.NoteTrigger != 0 {
		r.triggered = true
		q.activate(r)
	} else if change.Flags&kevent.Clear != 0 {
		r.triggered = false
		q.deactivate(r)
	}
	return 0
}

func (user) enable(q *Queue, _ int, r *registration) syscall.Errno {
	if r.triggered {
		q.activate(r)
	}
	return 0
}

func (user) detach(*Queue, int, *registration) syscall.Errno { return 0 }

func (user) fire(_ *Queue, r *registration, _ uint32) (report, bool, syscall.Errno) {
	if r.flags&kevent.Clear != 0 {
		r.triggered = false
	}
	return report{fflags: r.fflags, data: r.data}, true, 0
}

func (user) reportAgain(q *Queue, _ int, r *registration) syscall.Errno { return q.reactivate(r) }
