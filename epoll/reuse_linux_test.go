package epoll_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/epoll"
)

// TestReusedNumbersWhileOthersWait unregisters, closes and reuses numbers while goroutines wait. A
// Poll that begins after Unregister must not report the registration. No event may combine the
// number of one registration with the tag of another.
func TestReusedNumbersWhileOthersWait(t *testing.T) {
	const makers, rounds, waiters = 4, 500, 4
	reuse := reuse{poller: newPoller(t), registrations: make([]reused, makers*rounds+1)}
	var making, waiting sync.WaitGroup
	for maker := range makers {
		making.Go(func() {
			for round := range rounds {
				reuse.register(t, maker*rounds+round+1)
			}
		})
	}
	for range waiters {
		waiting.Go(func() { reuse.wait(t) })
	}
	making.Wait()
	must(t, reuse.poller.Close())
	waiting.Wait()
}

// reuse is a Poller whose registrations have their index as the tag.
type reuse struct {
	poller        *epoll.Poller
	registrations []reused
	clock         atomic.Int64 // the number of calls of Unregister that have returned
}

// reused holds the descriptor of a registration, and the clock when Unregister had returned.
type reused struct{ fd, retired atomic.Int64 }

// register registers a new pipe that is ready, unregisters it and closes it.
func (r *reuse) register(t *testing.T, tag int) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Error("pipe:", err)
		return
	}
	r.registrations[tag].fd.Store(int64(fds[0]))
	if err := r.poller.RegisterTag(fds[0], epoll.In, uint32(tag)); err != nil {
		t.Errorf("tag %d: %v", tag, err)
	}
	if _, err := unix.Write(fds[1], []byte{'x'}); err != nil {
		t.Error("write:", err)
	}
	if err := r.poller.Unregister(fds[0]); err != nil {
		t.Errorf("tag %d: %v", tag, err)
	}
	r.registrations[tag].retired.Store(r.clock.Add(1))
	_, _ = unix.Close(fds[0]), unix.Close(fds[1])
}

// wait checks the events until the Poller is closed.
func (r *reuse) wait(t *testing.T) {
	events := make([]epoll.Event, 3)
	for {
		began := r.clock.Load()
		n, err := r.poller.Poll(events, -1)
		if errors.Is(err, os.ErrClosed) {
			return
		}
		for _, event := range events[:n] {
			registration := &r.registrations[event.Tag]
			if when := registration.retired.Load(); when != 0 && when <= began {
				t.Errorf("tag %d was unregistered before the Poll that reports it", event.Tag)
			}
			if fd := registration.fd.Load(); fd != int64(event.FD) {
				t.Errorf("tag %d belongs to descriptor %d, but is reported with %d", event.Tag, fd, event.FD)
			}
		}
	}
}
