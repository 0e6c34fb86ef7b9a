//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// soon is the timeout after which a test fails. Expected events arrive long before.
const soon = 30 * time.Second

// quiet is how long an event must not arrive.
const quiet = 20 * time.Millisecond

// mark is the Udata of all changes, with the highest bit that a 32-bit system keeps.
const mark = 0xdeadbeef

func newQueue(t testing.TB) *kqueue.Queue {
	t.Helper()
	queue, err := kqueue.New()
	must(t, err)
	t.Cleanup(func() { _ = queue.Close() }) // the test may have closed it
	return queue
}

// change returns a change of a descriptor or another small number.
func change(ident int, filter kqueue.Filter, flags kqueue.Flags) kqueue.Event {
	return kqueue.Event{Ident: uint64(ident), Filter: filter, Flags: flags, Udata: mark}
}

// noted returns a change with notes and data.
func noted(ident int, filter kqueue.Filter, flags kqueue.Flags, notes kqueue.Fflags, data int64) kqueue.Event {
	made := change(ident, filter, flags)
	made.Fflags, made.Data = notes, data
	return made
}

// skipWithoutProc skips the test if err names /proc, which is not mounted.
func skipWithoutProc(t testing.TB, err error) {
	t.Helper()
	if err != nil && strings.Contains(err.Error(), "mount /proc") {
		t.Skip(err)
	}
}

// needsFromFD skips the test if FromFD needs /proc, which is not mounted.
func needsFromFD(t testing.TB) {
	t.Helper()
	r, _ := suite.Pipe(t)
	_, err := kqueue.FromFD(r)
	skipWithoutProc(t, err)
}

// apply makes changes that must succeed.
func apply(t testing.TB, queue *kqueue.Queue, changes ...kqueue.Event) {
	t.Helper()
	n, err := queue.Control(changes, nil, 0)
	skipWithoutProc(t, err)
	if n != 0 || err != nil {
		t.Fatalf("changes %v: %d events, %v", changes, n, err)
	}
}

// fails makes a change that must fail, once with room for an event and once without.
func fails(t testing.TB, queue *kqueue.Queue, bad kqueue.Event, errnos ...syscall.Errno) {
	t.Helper()
	events := make([]kqueue.Event, 4)
	n, err := queue.Control([]kqueue.Event{bad}, events, 0)
	if err != nil || n != 1 || events[0].Flags&kqueue.EvError == 0 || !slices.Contains(errnos, syscall.Errno(events[0].Data)) {
		t.Errorf("%v: events are %v and error is %v, want the error %v as an event", bad, events[:n], err, errnos)
	} else if events[0].Ident != bad.Ident || events[0].Filter != bad.Filter || events[0].Udata != bad.Udata {
		t.Errorf("the error %v is not that of the change %v", events[0], bad)
	}
	n, err = queue.Control([]kqueue.Event{bad}, nil, 0)
	var errno syscall.Errno
	if n != 0 || !errors.As(err, &errno) || !slices.Contains(errnos, errno) {
		t.Errorf("%v without room: %d events, error is %v, want %v", bad, n, err, errnos)
	}
}

// wait waits once, and must not fail.
func wait(t testing.TB, queue *kqueue.Queue, room int, timeout time.Duration) []kqueue.Event {
	t.Helper()
	events := make([]kqueue.Event, room)
	n, err := queue.Control(nil, events, timeout)
	if err != nil {
		t.Fatal("Control:", err)
	}
	return events[:n]
}

// one waits for an event of the ident and filter, which must be the only one.
func one(t testing.TB, queue *kqueue.Queue, ident int, filter kqueue.Filter) kqueue.Event {
	t.Helper()
	events := wait(t, queue, 8, soon)
	if len(events) != 1 || events[0].Ident != uint64(ident) || events[0].Filter != filter || events[0].Udata != mark {
		t.Fatalf("events are %v, want one of %d with %v and the user's %#x", events, ident, filter, uint64(mark))
	}
	if events[0].Flags&kqueue.EvError != 0 {
		t.Fatalf("event is the error %v", events[0])
	}
	return events[0]
}

// none checks that a poll and a short wait return no event.
func none(t testing.TB, queue *kqueue.Queue) {
	t.Helper()
	for _, timeout := range []time.Duration{0, quiet} {
		if events := wait(t, queue, 8, timeout); len(events) != 0 {
			t.Fatalf("after %v events are %v, want none", timeout, events)
		}
	}
}

// needs skips the test if the system lacks the filter or a note of the change.
func needs(t testing.TB, what kqueue.Event) {
	t.Helper()
	what.Flags = kqueue.EvAdd
	_, err := newQueue(t).Control([]kqueue.Event{what}, nil, 0)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if what.Fflags&kqueue.NoteTrack != 0 && errors.Is(err, syscall.EPERM) {
		t.Skip("this user may not follow forks:", err)
	}
	if what.Filter == kqueue.FilterUser && errors.Is(err, syscall.EINVAL) {
		t.Skip("this kernel is older than FilterUser")
	}
	must(t, err)
}

var must = suite.Must
