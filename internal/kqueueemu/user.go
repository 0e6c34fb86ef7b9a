//go:build linux

package kqueueemu

import "syscall"

// user is FilterUser: events that the user makes.
type user struct{}

func (user) attach(q *Queue, _ int, k *note) syscall.Errno {
	trigger := k.fflags&noteTrigger != 0
	k.fflags &= noteFFlagsMask
	if trigger {
		k.triggered = true
		q.activate(k)
	}
	return 0
}

func (user) touch(q *Queue, _ int, k *note, change Event) syscall.Errno {
	bits := change.Fflags & noteFFlagsMask
	switch change.Fflags & noteFFCtrlMask {
	case noteFFAnd:
		k.fflags &= bits
	case noteFFOr:
		k.fflags |= bits
	case noteFFCopy:
		k.fflags = bits
	}
	k.data = change.Data
	if change.Fflags&noteTrigger != 0 {
		k.triggered = true
		q.activate(k)
	} else if change.Flags&evClear != 0 {
		k.triggered = false
		q.deactivate(k)
	}
	return 0
}

func (user) enable(q *Queue, _ int, k *note) syscall.Errno {
	if k.triggered {
		q.activate(k)
	}
	return 0
}

func (user) detach(*Queue, int, *note) syscall.Errno { return 0 }

func (user) fire(_ *Queue, k *note, _ uint32) (report, bool) {
	if k.flags&evClear != 0 {
		k.triggered = false
	}
	return report{fflags: k.fflags, data: k.data}, true
}

func (user) again(q *Queue, _ int, k *note) syscall.Errno { return q.goesOn(k) }
