//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"runtime"
	"testing"
	"time"

	"iomux/kqueue"
)

// newUserQueue returns a queue with user event 1.
func newUserQueue(t testing.TB, flags kqueue.Flags) *kqueue.Queue {
	t.Helper()
	needs(t, change(1, kqueue.FilterUser, kqueue.EvAdd))
	queue := newQueue(t)
	apply(t, queue, change(1, kqueue.FilterUser, kqueue.EvAdd|flags))
	none(t, queue)
	return queue
}

// trigger returns the change that triggers the event, with the given flags and notes.
func trigger(flags kqueue.Flags, notes kqueue.Fflags) kqueue.Event {
	return noted(1, kqueue.FilterUser, flags, kqueue.NoteTrigger|notes, 0)
}

func TestUserEventIsTriggered(t *testing.T) {
	queue := newUserQueue(t, kqueue.EvClear)
	for range 2 {
		apply(t, queue, trigger(0, 0))
		one(t, queue, 1, kqueue.FilterUser)
		none(t, queue)
	}
	// Several triggers are combined into one event.
	for range 5 {
		apply(t, queue, trigger(0, 0))
	}
	one(t, queue, 1, kqueue.FilterUser)
	none(t, queue)
}

func TestUserEventLasts(t *testing.T) {
	queue := newUserQueue(t, 0)
	apply(t, queue, trigger(0, 0))
	for range 3 {
		one(t, queue, 1, kqueue.FilterUser)
	}
	apply(t, queue, change(1, kqueue.FilterUser, kqueue.EvDelete))
	none(t, queue)
}

func TestOneShotUserEventIsReportedOnce(t *testing.T) {
	queue := newUserQueue(t, kqueue.EvOneShot)
	apply(t, queue, trigger(0, 0))
	one(t, queue, 1, kqueue.FilterUser)
	none(t, queue)
	apply(t, queue, noted(1, kqueue.FilterUser, kqueue.EvAdd|kqueue.EvOneShot, kqueue.NoteTrigger, 0))
	one(t, queue, 1, kqueue.FilterUser)
}

// A program may add the event again each time it triggers it.
func TestUserEventIsAddedAndTriggeredAgain(t *testing.T) {
	queue := newUserQueue(t, kqueue.EvClear)
	for range 3 {
		apply(t, queue, noted(1, kqueue.FilterUser, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteTrigger, 0))
		one(t, queue, 1, kqueue.FilterUser)
		none(t, queue)
		apply(t, queue, trigger(kqueue.EvClear, 0))
		one(t, queue, 1, kqueue.FilterUser)
		none(t, queue)
	}
}

func TestUserEventStaysDispatched(t *testing.T) {
	queue := newUserQueue(t, kqueue.EvClear|kqueue.EvDispatch)
	apply(t, queue, trigger(0, 0))
	one(t, queue, 1, kqueue.FilterUser)
	none(t, queue)
	apply(t, queue, trigger(0, 0))
	none(t, queue)
	apply(t, queue, change(1, kqueue.FilterUser, kqueue.EvDelete))
	none(t, queue)
}

func TestUserEventIsEnabledAndTriggeredAtOnce(t *testing.T) {
	queue := newUserQueue(t, kqueue.EvClear|kqueue.EvDispatch)
	apply(t, queue, trigger(0, 0))
	for range 3 {
		one(t, queue, 1, kqueue.FilterUser)
		none(t, queue)
		apply(t, queue, trigger(kqueue.EvEnable, 0))
	}
}

func TestUserBits(t *testing.T) {
	if runtime.GOOS == "dragonfly" {
		t.Skip("DragonFly zeroes the bits with each event that has EvClear (kqueue_scan)")
	}
	queue := newUserQueue(t, kqueue.EvClear)
	for _, step := range []struct{ notes, want kqueue.Fflags }{
		{kqueue.NoteFFNop | 0xff, 0},
		{kqueue.NoteFFCopy | 0xf0f, 0xf0f},
		{kqueue.NoteFFOr | 0x0f0, 0xfff},
		{kqueue.NoteFFAnd | 0x3c3, 0x3c3},
		{kqueue.NoteFFNop, 0x3c3},
		{kqueue.NoteFFCopy | kqueue.NoteFFlagsMask, kqueue.NoteFFlagsMask},
		{kqueue.NoteFFCopy, 0},
	} {
		apply(t, queue, trigger(0, step.notes))
		if event := one(t, queue, 1, kqueue.FilterUser); event.Fflags&^kqueue.NoteFFCtrlMask&^kqueue.NoteTrigger != step.want {
			t.Errorf("after %v event is %v, want the bits %v", step.notes, event, step.want)
		}
	}
	// Bits are also merged before they are reported.
	apply(t, queue, noted(1, kqueue.FilterUser, 0, kqueue.NoteFFOr|1, 0), noted(1, kqueue.FilterUser, 0, kqueue.NoteFFOr|2, 0))
	none(t, queue)
	apply(t, queue, trigger(0, kqueue.NoteFFOr|4))
	if event := one(t, queue, 1, kqueue.FilterUser); event.Fflags&7 != 7 {
		t.Errorf("event is %v, want the bits 0x7", event)
	}
}

func TestDisabledUserEventIsSilent(t *testing.T) {
	queue := newUserQueue(t, kqueue.EvClear)
	apply(t, queue, trigger(0, 0), change(1, kqueue.FilterUser, kqueue.EvDisable))
	none(t, queue)
	apply(t, queue, trigger(kqueue.EvEnable, 0))
	one(t, queue, 1, kqueue.FilterUser)
	apply(t, queue, trigger(0, 0), change(1, kqueue.FilterUser, kqueue.EvDelete))
	none(t, queue)
}

func TestUserEventEndsAWaitInProgress(t *testing.T) {
	queue := newUserQueue(t, kqueue.EvClear)
	later := time.AfterFunc(quiet, func() { _, _ = queue.Control([]kqueue.Event{trigger(0, 0)}, nil, 0) })
	defer later.Stop()
	one(t, queue, 1, kqueue.FilterUser)
}
