//go:build linux

package kqueueemu

import (
	"syscall"

	"iomux/internal/kevent"
)

// user is the source of FilterUser.
type user struct{}

func (user) attach(q *Queue, _ int, k *knote) syscall.Errno {
	trigger := k.fflags&kevent.NoteTrigger != 0
	k.fflags &= kevent.NoteFFlagsMask
	if trigger {
		k.triggered = true
		q.activate(k)
	}
	return 0
}

func (user) touch(q *Queue, _ int, k *knote, change kevent.Event) syscall.Errno {
	bits := change.Fflags & kevent.NoteFFlagsMask
	switch change.Fflags & kevent.NoteFFCtrlMask {
	case kevent.NoteFFAnd:
		k.fflags &= bits
	case kevent.NoteFFOr:
		k.fflags |= bits
	case kevent.NoteFFCopy:
		k.fflags = bits
	}
	k.data = change.Data
	if change.Fflags&kevent.NoteTrigger != 0 {
		k.triggered = true
		q.activate(k)
	} else if change.Flags&kevent.Clear != 0 {
		k.triggered = false
		q.deactivate(k)
	}
	return 0
}

func (user) enable(q *Queue, _ int, k *knote) syscall.Errno {
	if k.triggered {
		q.activate(k)
	}
	return 0
}

func (user) detach(*Queue, int, *knote) syscall.Errno { return 0 }

func (user) fire(_ *Queue, k *knote, _ uint32) (report, bool, syscall.Errno) {
	if k.flags&kevent.Clear != 0 {
		k.triggered = false
	}
	return report{fflags: k.fflags, data: k.data}, true, 0
}

func (user) again(q *Queue, _ int, k *knote) syscall.Errno { return q.continues(k) }
