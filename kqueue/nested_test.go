//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// readable reports whether poll(2) finds the descriptor readable.
func readable(t testing.TB, fd int) bool {
	t.Helper()
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		if err == unix.EINTR {
			continue
		}
		must(t, err)
		return n == 1
	}
}

func TestQueueIsReadableWhileItHasEvents(t *testing.T) {
	queue := newQueue(t)
	r, w := suite.Pipe(t)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd))
	if readable(t, queue.FD()) {
		t.Error("the queue is readable without an event")
	}
	suite.Write(t, w)
	for range 3 {
		if !readable(t, queue.FD()) {
			t.Error("the queue is not readable, but has an event")
		}
		one(t, queue, r, kqueue.FilterRead)
	}
	suite.Drain(t, r)
	none(t, queue)
	if readable(t, queue.FD()) {
		t.Error("the queue is readable after its event has ended")
	}
	needs(t, change(1, kqueue.FilterUser, kqueue.EvAdd))
	apply(t, queue, change(1, kqueue.FilterUser, kqueue.EvAdd|kqueue.EvClear), trigger(0, 0))
	if !readable(t, queue.FD()) {
		t.Error("the queue is not readable, but has a user event")
	}
	one(t, queue, 1, kqueue.FilterUser)
	if readable(t, queue.FD()) {
		t.Error("the queue is readable after the report of the user event")
	}
}

func TestQueueInAQueue(t *testing.T) {
	outer, inner := newQueue(t), newQueue(t)
	r, w := suite.Pipe(t)
	apply(t, outer, change(inner.FD(), kqueue.FilterRead, kqueue.EvAdd))
	apply(t, inner, change(r, kqueue.FilterRead, kqueue.EvAdd))
	none(t, outer)
	suite.Write(t, w)
	for range 2 {
		if event := one(t, outer, inner.FD(), kqueue.FilterRead); event.Data < 1 {
			t.Errorf("event is %v, want at least one event inside", event)
		}
		one(t, inner, r, kqueue.FilterRead)
	}
	suite.Drain(t, r)
	none(t, inner)
	none(t, outer)
}

// TestOuterQueueReportsEachEvent does not wait for the events of the inner queue in between.
func TestOuterQueueReportsEachEvent(t *testing.T) {
	needs(t, change(1, kqueue.FilterUser, kqueue.EvAdd))
	outer, inner := newQueue(t), newQueue(t)
	apply(t, outer, change(inner.FD(), kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear))
	for ident := range 300 {
		apply(t, inner, change(ident, kqueue.FilterUser, kqueue.EvAdd|kqueue.EvClear))
		apply(t, inner, noted(ident, kqueue.FilterUser, 0, kqueue.NoteTrigger, 0))
		one(t, outer, inner.FD(), kqueue.FilterRead)
	}
	none(t, outer)
}

// longestChain returns the number of queues that the test nests. NetBSD and DragonFly follow a
// chain recursively, without a limit, and crash (knote_activate_locked, kqueue_wakeup). FreeBSD
// uses a task, and Linux limits the emulation.
func longestChain() int {
	if kqueue.Native && runtime.GOOS != "freebsd" {
		return 8
	}
	return 100
}

// TestChainOfQueues nests queues as deeply as the system allows. It returns an error for more.
func TestChainOfQueues(t *testing.T) {
	r, w := suite.Pipe(t)
	last := newQueue(t)
	apply(t, last, change(r, kqueue.FilterRead, kqueue.EvAdd))
	chain := []*kqueue.Queue{last}
	for range longestChain() {
		next := newQueue(t)
		_, err := next.Control([]kqueue.Event{change(chain[len(chain)-1].FD(), kqueue.FilterRead, kqueue.EvAdd)}, nil, 0)
		if err != nil {
			t.Logf("%d nested queues, and then %v", len(chain), err)
			break
		}
		chain = append(chain, next)
	}
	if len(chain) < 3 {
		t.Errorf("only %d queues can be nested", len(chain))
	}
	suite.Write(t, w)
	for i := len(chain) - 1; i > 0; i-- {
		one(t, chain[i], chain[i-1].FD(), kqueue.FilterRead)
	}
	one(t, last, r, kqueue.FilterRead)
}

func TestQueueInItself(t *testing.T) {
	queue := newQueue(t)
	events := make([]kqueue.Event, 1)
	n, err := queue.Control([]kqueue.Event{change(queue.FD(), kqueue.FilterRead, kqueue.EvAdd)}, events, 0)
	if err == nil && n == 1 && events[0].Flags&kqueue.EvError == 0 {
		t.Errorf("a queue reports itself: %v", events[0])
	}
}
