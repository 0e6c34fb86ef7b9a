//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"io"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// TestAddingAgainKeepsTheFlags adds a registration again with other flags.
func TestAddingAgainKeepsTheFlags(t *testing.T) {
	for _, flags := range []kqueue.Flags{kqueue.EvClear, kqueue.EvOneShot, kqueue.EvDispatch} {
		r, w := suite.Pipe(t)
		suite.Write(t, w)
		queue := newQueue(t)
		apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd), change(r, kqueue.FilterRead, kqueue.EvAdd|flags))
		one(t, queue, r, kqueue.FilterRead)
		one(t, queue, r, kqueue.FilterRead)

		queue = newQueue(t)
		apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|flags), change(r, kqueue.FilterRead, kqueue.EvAdd))
		one(t, queue, r, kqueue.FilterRead)
		none(t, queue)
	}
}

func TestAddingAgainDoesNotEnable(t *testing.T) {
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	queue := newQueue(t)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvDisable), change(r, kqueue.FilterRead, kqueue.EvAdd))
	none(t, queue)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvEnable))
	one(t, queue, r, kqueue.FilterRead)
}

// TestAddingAgainReportsAgain adds a registration with EvClear again. Its condition still holds.
func TestAddingAgainReportsAgain(t *testing.T) { reportsAgain(t, kqueue.EvAdd|kqueue.EvClear) }

// reportsAgain changes a registration with EvClear, and expects its lasting condition each time.
func reportsAgain(t *testing.T, flags kqueue.Flags) {
	t.Helper()
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	queue := newQueue(t)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear))
	for range 3 {
		one(t, queue, r, kqueue.FilterRead)
		none(t, queue)
		apply(t, queue, change(r, kqueue.FilterRead, flags))
	}
}

// TestOffsetBeyondTheEnd seeks beyond the end of a file, and truncates a file below the offset.
func TestOffsetBeyondTheEnd(t *testing.T) {
	_, fd := newFile(t, 10)
	queue := newQueue(t)
	for _, at := range []int64{10, 13} {
		_, err := unix.Seek(fd, at, io.SeekStart)
		must(t, err)
		apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvAdd))
		if at == 10 {
			none(t, queue)
		} else if event := one(t, queue, fd, kqueue.FilterRead); event.Data != -3 {
			t.Errorf("event is %v, want -3 bytes", event)
		}
	}
	must(t, unix.Ftruncate(fd, 5))
	if event := one(t, queue, fd, kqueue.FilterRead); event.Data != -8 {
		t.Errorf("event is %v, want -8 bytes", event)
	}
}
