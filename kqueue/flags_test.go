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
