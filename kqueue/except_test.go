//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// watchUrgent returns a queue that watches one end of a connection for urgent data.
func watchUrgent(t *testing.T, flags kqueue.Flags) (queue *kqueue.Queue, fd, peer int) {
	t.Helper()
	peer, fd = suite.TCPPair(t)
	urgent := noted(fd, kqueue.FilterExcept, kqueue.EvAdd|flags, kqueue.NoteOOB, 0)
	needs(t, urgent)
	queue = newQueue(t)
	apply(t, queue, urgent)
	none(t, queue)
	return queue, fd, peer
}

func sendUrgent(t *testing.T, fd int) {
	t.Helper()
	must(t, unix.Send(fd, []byte("!"), unix.MSG_OOB))
}

func TestUrgentDataIsReportedUntilRead(t *testing.T) {
	queue, fd, peer := watchUrgent(t, 0)
	write(t, peer, 3)
	none(t, queue)
	sendUrgent(t, peer)
	for range 2 {
		if event := one(t, queue, fd, kqueue.FilterExcept); event.Fflags&kqueue.NoteOOB == 0 {
			t.Errorf("event is %v, want NoteOOB", event)
		}
	}
	if n, _, err := unix.Recvfrom(fd, make([]byte, 1), unix.MSG_OOB); n != 1 || err != nil {
		t.Fatalf("recv of the urgent byte: %d, %v", n, err)
	}
	if kqueue.Native { // the byte is urgent until the data after it is read
		suite.Drain(t, fd)
		write(t, peer, 1)
		suite.Await(t, fd, suite.In)
		suite.Drain(t, fd)
	}
	none(t, queue)
	sendUrgent(t, peer)
	one(t, queue, fd, kqueue.FilterExcept)
}

func TestUrgentDataIsReportedOncePerFlags(t *testing.T) {
	for _, flags := range []kqueue.Flags{kqueue.EvClear, kqueue.EvOneShot, kqueue.EvDispatch} {
		queue, fd, peer := watchUrgent(t, flags)
		sendUrgent(t, peer)
		one(t, queue, fd, kqueue.FilterExcept)
		none(t, queue)
		if flags == kqueue.EvDispatch {
			apply(t, queue, noted(fd, kqueue.FilterExcept, kqueue.EvEnable, kqueue.NoteOOB, 0))
			one(t, queue, fd, kqueue.FilterExcept)
		}
	}
}

// TestThreeFiltersOfOneSocket checks that the filters of a descriptor are independent.
func TestThreeFiltersOfOneSocket(t *testing.T) {
	queue, fd, peer := watchUrgent(t, kqueue.EvClear)
	apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear),
		change(fd, kqueue.FilterWrite, kqueue.EvAdd|kqueue.EvClear))
	one(t, queue, fd, kqueue.FilterWrite)
	none(t, queue)
	sendUrgent(t, peer)
	seen := map[kqueue.Filter]bool{}
	for len(seen) == 0 || !seen[kqueue.FilterExcept] {
		for _, event := range wait(t, queue, 8, soon) {
			seen[event.Filter] = true
		}
	}
	if seen[kqueue.FilterWrite] {
		t.Error("urgent data is reported by FilterWrite")
	}
	apply(t, queue, change(fd, kqueue.FilterExcept, kqueue.EvDelete))
	write(t, peer, 1)
	one(t, queue, fd, kqueue.FilterRead)
	apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvDelete), change(fd, kqueue.FilterWrite, kqueue.EvDelete))
	none(t, queue)
}
