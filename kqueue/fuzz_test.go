//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"errors"
	"math"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// registration is the expected state of one ident and filter.
type registration struct{ disabled, oneShot, dispatch bool }

type registered struct {
	ident  uint64
	filter kqueue.Filter
}

// model is the expected content of a queue.
type model map[registered]registration

// change applies a change that the queue has made.
func (m model) change(made kqueue.Event) {
	key := registered{made.Ident, made.Filter}
	if made.Flags&kqueue.EvDelete != 0 {
		delete(m, key)
		return
	}
	now := m[key]
	if made.Flags&kqueue.EvAdd != 0 {
		now = registration{oneShot: made.Flags&kqueue.EvOneShot != 0, dispatch: made.Flags&kqueue.EvDispatch != 0}
	}
	if made.Flags&kqueue.EvEnable != 0 {
		now.disabled = false
	}
	if made.Flags&kqueue.EvDisable != 0 {
		now.disabled = true
	}
	m[key] = now
}

// event checks an event of the queue, and applies it.
func (m model) event(t *testing.T, event kqueue.Event) {
	key := registered{event.Ident, event.Filter}
	now, known := m[key]
	if !known || now.disabled {
		t.Fatalf("event %v belongs to a registration that is %v %v", event, known, now)
	}
	if now.oneShot || event.Flags&kqueue.EvOneShot != 0 {
		delete(m, key)
	} else if now.dispatch {
		now.disabled = true
		m[key] = now
	}
}

// FuzzControl makes changes and waits in any order. No call may panic or block. The number of
// events must be in bounds, and only registered and enabled idents may be reported.
func FuzzControl(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 0, 8, 1, 0, 9, 1, 0, 0, 0, 0, 2, 0, 0, 9, 1, 0})
	f.Add([]byte{0, 0, 0x11, 0, 0, 8, 1, 0, 3, 5, 1, 0, 7, 8, 0x81, 0, 7, 8, 0, 1, 9, 0, 0, 0, 9, 0, 0, 0})
	f.Add([]byte{2, 2, 0x21, 7, 8, 2, 0, 0, 9, 1, 0, 0, 4, 6, 0x31, 0, 9, 3, 0, 0, 1, 1, 0xa1, 0, 9, 3, 0, 0})
	f.Fuzz(func(t *testing.T, steps []byte) {
		r, w := suite.Pipe(t)
		a, b := suite.SocketPair(t, unix.SOCK_STREAM)
		_, file := newFile(t, 1)
		idents := []uint64{uint64(r), uint64(w), uint64(a), uint64(b), uint64(file), 0, 1, math.MaxInt32, math.MaxUint64}
		filters := []kqueue.Filter{
			kqueue.FilterRead, kqueue.FilterWrite, kqueue.FilterVnode, kqueue.FilterTimer, kqueue.FilterUser,
			kqueue.FilterNetdev, 99, math.MinInt16,
		}
		queue := newQueue(t)
		held := make(model)
		// A registration keeps the flags of its first EvAdd. The model takes those of the
		// last one, so each registration is made once.
		for ; len(steps) >= 4; steps = steps[4:] {
			what, filter, flags, data := steps[0], steps[1], kqueue.Flags(steps[2])&^kqueue.EvReceipt, steps[3]
			switch what % 10 {
			case 8: // data arrives
				_, _ = descriptor.TryWrite(w, steps[:1]) // fails if it is full
				_, _ = descriptor.TryWrite(b, steps[:1])
			case 9:
				collect(t, queue, held, int(filter%4))
			default:
				step := kqueue.Event{
					Ident: idents[int(what)%len(idents)], Filter: filters[int(filter)%len(filters)], Flags: flags,
					Fflags: kqueue.Fflags(data & 7), Data: int64(data >> 3), Udata: mark,
				}
				if step.Filter == kqueue.FilterUser {
					step.Fflags |= kqueue.NoteTrigger
				}
				if _, there := held[registered{step.Ident, step.Filter}]; there {
					step.Flags &^= kqueue.EvAdd
				}
				makeChange(t, queue, held, step)
			}
		}
		collect(t, queue, held, 16)
		for key := range held {
			makeChange(t, queue, held, kqueue.Event{Ident: key.ident, Filter: key.filter, Flags: kqueue.EvDelete})
		}
		if events := wait(t, queue, 4, 0); len(events) != 0 {
			t.Fatalf("events are %v, and nothing is registered", events)
		}
	})
}

// makeChange makes one change, which may fail.
func makeChange(t *testing.T, queue *kqueue.Queue, held model, step kqueue.Event) {
	n, err := queue.Control([]kqueue.Event{step}, nil, -1)
	var errno unix.Errno
	switch {
	case n != 0:
		t.Fatalf("%v: %d events without room for any", step, n)
	case err == nil:
		held.change(step)
	case !errors.As(err, &errno) && !errors.Is(err, errors.ErrUnsupported):
		t.Fatalf("%v: %v", step, err)
	}
}

func collect(t *testing.T, queue *kqueue.Queue, held model, room int) {
	for _, event := range wait(t, queue, room, 0) {
		held.event(t, event)
	}
}
