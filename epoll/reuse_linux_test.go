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

// Numbers are unregistered, closed and reused while others wait. A Poll that begins after
// Unregister must not report the registration. No event may combine the number of one registration
// with the tag of another.
func TestReusedNumbersWhileOthersWait(t *testing.T) {
	const makers, rounds, waiters = 4, 500, 4
	poller := newPoller(t)
	var clock atomic.Int64
	// The descriptor of each tag, and the time when Unregister of it returned.
	var numbers, retired [makers*rounds + 1]atomic.Int64
	var making, waiting sync.WaitGroup

	for maker := range makers {
		making.Go(func() {
			for round := range rounds {
				tag := maker*rounds + round + 1
				var fds [2]int
				if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
					t.Error("pipe:", err)
					return
				}
				numbers[tag].Store(int64(fds[0]))
				if err := poller.RegisterTag(fds[0], epoll.In, uint32(tag)); err != nil {
					t.Errorf("tag %d: %v", tag, err)
				}
				if _, err := unix.Write(fds[1], []byte{'x'}); err != nil {
					t.Error("write:", err)
				}
				if err := poller.Unregister(fds[0]); err != nil {
					t.Errorf("tag %d: %v", tag, err)
				}
				retired[tag].Store(clock.Add(1))
				_, _ = unix.Close(fds[0]), unix.Close(fds[1])
			}
		})
	}
	for range waiters {
		waiting.Go(func() {
			events := make([]epoll.Event, 3)
			for {
				began := clock.Load()
				n, err := poller.Poll(events, -1)
				if errors.Is(err, os.ErrClosed) {
					return
				}
				for _, event := range events[:n] {
					if when := retired[event.Tag].Load(); when != 0 && when <= began {
						t.Errorf("tag %d was unregistered before the Poll that reports it", event.Tag)
					}
					if number := numbers[event.Tag].Load(); number != int64(event.FD) {
						t.Errorf("tag %d belongs to descriptor %d, but is reported with %d", event.Tag, number, event.FD)
					}
				}
			}
		})
	}
	making.Wait()
	must(t, poller.Close())
	waiting.Wait()
}
