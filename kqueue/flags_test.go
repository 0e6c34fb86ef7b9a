//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"runtime"
	"testing"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// TestFlagsOfReportedEvents compares them with the table in the package comment.
func TestFlagsOfReportedEvents(t *testing.T) {
	for _, flags := range []kqueue.Flags{
		0, kqueue.EvClear, kqueue.EvOneShot, kqueue.EvDispatch, kqueue.EvEnable, kqueue.EvEnable | kqueue.EvClear,
	} {
		r, w := suite.Pipe(t)
		queue := newQueue(t)
		apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|flags))
		suite.Write(t, w)
		want := flags &^ kqueue.EvEnable
		if kqueue.Native && runtime.GOOS != "freebsd" {
			want = flags | kqueue.EvAdd
		}
		if event := one(t, queue, r, kqueue.FilterRead); event.Flags != want {
			t.Errorf("after EvAdd|%v the event is %v, want the flags %v", flags, event, want)
		}
	}
}

// Some filters set EvClear by themselves.
func TestFiltersThatSetEvClear(t *testing.T) {
	queue := newQueue(t)
	apply(t, queue, noted(1, kqueue.FilterTimer, kqueue.EvAdd, 0, 1))
	if event := one(t, queue, 1, kqueue.FilterTimer); event.Flags&kqueue.EvClear == 0 {
		t.Errorf("event is %v, want EvClear", event)
	}
	apply(t, queue, change(1, kqueue.FilterTimer, kqueue.EvDelete))
	c := startChild(t, 0)
	apply(t, queue, watchExit(c.pid()))
	c.exit(t)
	if event := one(t, queue, int(c.pid()), kqueue.FilterProc); event.Flags&kqueue.EvClear == 0 {
		t.Errorf("event is %v, want EvClear", event)
	}
	_, w := suite.Pipe(t)
	apply(t, queue, change(w, kqueue.FilterWrite, kqueue.EvAdd))
	if event := one(t, queue, w, kqueue.FilterWrite); event.Flags&kqueue.EvClear != 0 {
		t.Errorf("event is %v, want no EvClear", event)
	}
}
