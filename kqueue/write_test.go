//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

func TestWriteReportsTheRoom(t *testing.T) {
	localPairs(t, func(t *testing.T, reading, writing int) {
		queue := newQueue(t)
		apply(t, queue, change(writing, kqueue.FilterWrite, kqueue.EvAdd))
		all := one(t, queue, writing, kqueue.FilterWrite).Data
		if all <= 0 {
			t.Errorf("there is room for %d bytes", all)
		}
		suite.Fill(t, writing)
		none(t, queue)
		for len(wait(t, queue, 4, 0)) == 0 {
			suite.Drain(t, reading)
		}
		if event := one(t, queue, writing, kqueue.FilterWrite); event.Data <= 0 {
			t.Errorf("event is %v, want room", event)
		}
	})
}

func TestClearReportsOnceThatThereIsRoom(t *testing.T) {
	localPairs(t, func(t *testing.T, reading, writing int) {
		queue := newQueue(t)
		apply(t, queue, change(writing, kqueue.FilterWrite, kqueue.EvAdd|kqueue.EvClear))
		one(t, queue, writing, kqueue.FilterWrite)
		none(t, queue)
		suite.Fill(t, writing)
		none(t, queue)
		var events []kqueue.Event
		for len(events) == 0 {
			suite.Drain(t, reading)
			events = wait(t, queue, 4, 0)
		}
		if len(events) != 1 || events[0].Filter != kqueue.FilterWrite {
			t.Errorf("events are %v, want one", events)
		}
	})
}

// TestReadAndWriteOfOneDescriptor gives the filters of one descriptor different flags.
func TestReadAndWriteOfOneDescriptor(t *testing.T) {
	for _, first := range []kqueue.Filter{kqueue.FilterRead, kqueue.FilterWrite} {
		a, b := suite.SocketPair(t, unix.SOCK_STREAM)
		queue := newQueue(t)
		reading := change(a, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear)
		writing := change(a, kqueue.FilterWrite, kqueue.EvAdd)
		if first == kqueue.FilterRead {
			apply(t, queue, reading, writing)
		} else {
			apply(t, queue, writing, reading)
		}
		one(t, queue, a, kqueue.FilterWrite)
		write(t, b, 3)
		seen := make(map[kqueue.Filter]int)
		for range 3 {
			for _, event := range wait(t, queue, 4, soon) {
				seen[event.Filter]++
			}
		}
		if seen[kqueue.FilterRead] != 1 || seen[kqueue.FilterWrite] != 3 {
			t.Errorf("events were %v, want one for reading and three for writing", seen)
		}
		// An edge of one filter is not an edge of the other.
		apply(t, queue, change(a, kqueue.FilterWrite, kqueue.EvDelete), change(a, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear),
			change(a, kqueue.FilterWrite, kqueue.EvAdd|kqueue.EvClear))
		if events := wait(t, queue, 4, soon); len(events) != 2 {
			t.Errorf("events are %v, want both", events)
		}
		write(t, b, 3)
		one(t, queue, a, kqueue.FilterRead)
		none(t, queue)
		must(t, queue.Close())
	}
}

func TestWriteToAPipeWithoutReader(t *testing.T) {
	if runtime.GOOS == "netbsd" {
		t.Skip("NetBSD wakes the writers of a pipe before it sets PIPE_EOF (pipeclose)")
	}
	r, w := suite.Pipe(t)
	queue := newQueue(t)
	suite.Fill(t, w)
	apply(t, queue, change(w, kqueue.FilterWrite, kqueue.EvAdd))
	none(t, queue)
	suite.Close(t, r)
	if event := one(t, queue, w, kqueue.FilterWrite); event.Flags&kqueue.EvEOF == 0 {
		t.Errorf("event is %v, want EvEOF", event)
	}
}

func TestListenerIsNeverWritable(t *testing.T) {
	listener, address := suite.Listen(t)
	queue := newQueue(t)
	if n, err := queue.Control([]kqueue.Event{change(listener, kqueue.FilterWrite, kqueue.EvAdd)}, nil, 0); err != nil {
		t.Skipf("this system does not watch a listener for writing: %d, %v", n, err)
	}
	none(t, queue)
	suite.Connect(t, address)
	suite.Await(t, listener, suite.In)
	none(t, queue)
}

func TestDatagramSocketIsAlwaysWritable(t *testing.T) {
	fd := suite.Socket(t, unix.SOCK_DGRAM)
	queue := newQueue(t)
	apply(t, queue, change(fd, kqueue.FilterWrite, kqueue.EvAdd))
	for range 2 {
		if event := one(t, queue, fd, kqueue.FilterWrite); event.Data <= 0 {
			t.Errorf("event is %v, want room", event)
		}
	}
}

// TestLowWaterMarkForWriting uses a mark that every system supports.
func TestLowWaterMarkForWriting(t *testing.T) {
	a, b := suite.SocketPair(t, unix.SOCK_STREAM)
	queue := newQueue(t)
	apply(t, queue, noted(a, kqueue.FilterWrite, kqueue.EvAdd, kqueue.NoteLowat, 1000))
	if event := one(t, queue, a, kqueue.FilterWrite); event.Data < 1000 {
		t.Errorf("event is %v, want room for 1000 bytes", event)
	}
	suite.Fill(t, a)
	none(t, queue)
	suite.Drain(t, b)
	if event := one(t, queue, a, kqueue.FilterWrite); event.Data < 1000 {
		t.Errorf("event is %v, want room for 1000 bytes", event)
	}
}
