//go:build unix

package devpoll_test

import (
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/devpoll"
	"iomux/internal/test/suite"
)

func TestTwelvePipes(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		const message = " This is a test."
		writers := make(map[int]int)
		for range 12 {
			r, w := suite.Pipe(t)
			must(t, poller.Register(r, devpoll.DefaultEvents))
			must(t, poller.Modify(r, devpoll.In))
			must(t, poller.Register(w, devpoll.Out))
			writers[w] = r
		}
		if n := poller.Len(); n != 24 {
			t.Errorf("Len is %d, want 24", n)
		}
		for len(writers) > 0 {
			var w int
			for fd, events := range poll(t, poller, -1) {
				if events != devpoll.Out {
					t.Fatalf("descriptor %d is %v, want Out", fd, events)
				}
				w = fd
			}
			r := writers[w]
			if _, err := unix.Write(w, []byte(message)); err != nil {
				t.Fatal(err)
			}
			if events := poll(t, poller, -1)[r]; events != devpoll.In {
				t.Fatalf("descriptor %d is %v, want In", r, events)
			}
			if n := suite.Drain(t, r); n != len(message) {
				t.Fatalf("%d bytes were read", n)
			}
			must(t, poller.Unregister(r))
			must(t, poller.Unregister(w))
			must(t, poller.Unregister(w)) // it is not registered
			suite.Close(t, w)
			delete(writers, w)
		}
		if n := poller.Len(); n != 0 {
			t.Errorf("Len is %d, want 0", n)
		}
	})
}

// A closed descriptor is Nval until it is unregistered or a new file gets its number.
func TestClosedAndReusedNumber(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		r, w := suite.Pipe(t)
		number := suite.High(t, r, 400)
		must(t, poller.Register(number, devpoll.In))
		expectNothing(t, poller)
		suite.Close(t, number) // while r remains open
		expect(t, poller, number, devpoll.Nval)
		suite.Write(t, w)
		expect(t, poller, number, devpoll.Nval)

		other, otherW := suite.Pipe(t)
		if got := suite.High(t, other, number); got != number {
			t.Skip("another goroutine has taken the number")
		}
		expectNothing(t, poller)
		suite.Write(t, otherW)
		expect(t, poller, number, devpoll.In)
		suite.Drain(t, other)
		expectNothing(t, poller)
		suite.Close(t, number)
		expect(t, poller, number, devpoll.Nval)
		must(t, poller.Unregister(number))
		expectNothing(t, poller)
	})
}

// A descriptor that was closed before Unregister does not keep Poll awake, even if a duplicate is
// open.
func TestDuplicateOfAClosedDescriptorIsNotReported(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		r, w := suite.Pipe(t)
		for range 5 {
			number := suite.High(t, r, 400)
			must(t, poller.Register(number, devpoll.In))
			suite.Close(t, number)
			must(t, poller.Unregister(number))
		}
		suite.Write(t, w)
		expectNothing(t, poller)
		used := suite.ProcessorTime(t, func() {
			if ready := poll(t, poller, 20*quiet); len(ready) != 0 {
				t.Errorf("ready are %v", ready)
			}
		})
		if used > 5*quiet {
			t.Errorf("a wait of %v used the processor for %v", 20*quiet, used)
		}
		must(t, poller.Register(r, devpoll.In))
		expect(t, poller, r, devpoll.In)
	})
}

// Such descriptors do not hide a ready one from a Poll that does not wait.
func TestReadyIsFoundBehindDuplicatesOfClosedDescriptors(t *testing.T) {
	for _, timeout := range []time.Duration{0, 1} {
		onEach(t, func(t *testing.T, poller *devpoll.Poller) {
			for range 30 {
				r, w := suite.Pipe(t)
				number := suite.High(t, r, 400)
				must(t, poller.Register(number, devpoll.In))
				suite.Write(t, w)
				suite.Close(t, number)
				must(t, poller.Unregister(number))
			}
			r, w := suite.Pipe(t)
			must(t, poller.Register(r, devpoll.In))
			suite.Write(t, w)
			var events [1]devpoll.Event
			if n, err := poller.Poll(events[:], timeout); n != 1 || err != nil || events[0].FD != r {
				t.Errorf("Poll of %v: %v, %v, want descriptor %d", timeout, events[:n], err, r)
			}
		})
	}
}

// Concurrent Polls work at the descriptor limit: they see changes, and Close interrupts them.
func TestConcurrentPollsAtTheDescriptorLimit(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		const polls = 3
		r, w := suite.Pipe(t)
		suite.Write(t, w)
		leave := suite.LimitReached(t)
		defer leave()
		seen, ended := make(chan int), make(chan error)
		for range polls {
			go func() {
				var events [1]devpoll.Event
				n, err := poller.Poll(events[:], -1)
				seen <- events[0].FD
				for n > 0 && err == nil {
					n, err = poller.Poll(events[:], -1)
				}
				ended <- err
			}()
		}
		time.Sleep(quiet)
		must(t, poller.Register(r, devpoll.In))
		for range polls {
			if fd := <-seen; fd != r {
				t.Errorf("descriptor %d is reported, want %d", fd, r)
			}
		}
		must(t, poller.Unregister(r))
		time.Sleep(quiet)
		must(t, poller.Close())
		for range polls {
			if err := <-ended; !errors.Is(err, os.ErrClosed) {
				t.Errorf("Poll: %v, want os.ErrClosed", err)
			}
		}
	})
}

// The limit of open descriptors may change after New.
func TestLimitChangesAfterNew(t *testing.T) {
	for name := range variants {
		t.Run(name, func(t *testing.T) {
			t.Run("raised", func(t *testing.T) {
				suite.Limit(t, 400)
				poller := open(t, name)
				suite.Limit(t, 1000)
				expectAllReady(t, poller, 300, 500)
			})
			t.Run("lowered", func(t *testing.T) {
				suite.Limit(t, 1000)
				poller := open(t, name)
				expectAllReady(t, poller, 300, 500)
				suite.Limit(t, 50)
				expectInTurns(t, poller, 300)
			})
			t.Run("lowered, and nothing ready", func(t *testing.T) {
				suite.Limit(t, 1000)
				poller := open(t, name)
				r, w := suite.Pipe(t)
				for range 200 {
					must(t, poller.Register(suite.High(t, r, 500), devpoll.In))
				}
				suite.Limit(t, 20)
				start := time.Now()
				if ready := poll(t, poller, quiet); len(ready) != 0 || time.Since(start) < quiet {
					t.Errorf("ready are %v after %v", ready, time.Since(start))
				}
				timer := time.AfterFunc(quiet, func() { suite.Write(t, w) })
				defer timer.Stop()
				events := make([]devpoll.Event, 400)
				// The write below interrupts the wait.
				if n, err := poller.Poll(events, soon); n == 0 || err != nil {
					t.Errorf("Poll reports %d, %v", n, err)
				}
				expectInTurns(t, poller, 200)
			})
		})
	}
}

// expectAllReady registers n ready descriptors, whose numbers begin at from, and expects all of
// them.
func expectAllReady(t *testing.T, poller *devpoll.Poller, n, from int) {
	t.Helper()
	_, w := suite.Pipe(t)
	for range n {
		must(t, poller.Register(suite.High(t, w, from), devpoll.Out))
	}
	events := make([]devpoll.Event, n+100)
	if got, err := poller.Poll(events, -1); got != n || err != nil {
		t.Errorf("Poll reports %d, %v, want %d", got, err, n)
	}
}

// If the Poller itself opens a descriptor with a registered number, the number remains Nval.
func TestPollerReusesARegisteredNumber(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		free, _ := suite.Pipe(t)
		must(t, poller.Register(free, devpoll.In))
		suite.Close(t, free)
		// Each concurrent Poll opens descriptors.
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				events := make([]devpoll.Event, 4)
				for range 50 {
					if n, err := poller.Poll(events, soon); n != 1 || err != nil || events[0] != (devpoll.Event{FD: free, Events: devpoll.Nval}) {
						t.Errorf("events are %v, %v, want Nval", events[:n], err)
						return
					}
				}
			})
		}
		all.Wait()
		must(t, poller.Unregister(free))
		expectNothing(t, poller)
	})
}

// No wake-up follows if a descriptor is closed just before a Poll, but Poll reports it.
func TestBlockingPollReportsAClosedDescriptor(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		r, _ := suite.Pipe(t)
		var fds []int
		for range 480 {
			fd := suite.High(t, r, 500)
			fds = append(fds, fd)
			must(t, poller.Register(fd, devpoll.In))
		}
		expectNothing(t, poller)
		for _, i := range []int{479, 3, 250} {
			poll(t, poller, 0)
			suite.Close(t, fds[i])
			expect(t, poller, fds[i], devpoll.Nval)
			must(t, poller.Unregister(fds[i]))
		}
	})
}

func TestNothingAllocates(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		r, w := suite.Pipe(t)
		suite.Write(t, w)
		must(t, poller.Register(r, devpoll.In))
		events := make([]devpoll.Event, 8)
		for _, timeout := range []time.Duration{0, -1, time.Second} {
			if n := testing.AllocsPerRun(100, func() { _, _ = poller.Poll(events, timeout) }); n != 0 {
				t.Errorf("a Poll of %v allocates %v times", timeout, n)
			}
		}
		if n := testing.AllocsPerRun(100, func() {
			_ = poller.Modify(r, devpoll.In)
			_ = poller.Unregister(r)
			_ = poller.Register(r, devpoll.In)
		}); n != 0 {
			t.Errorf("Modify, Unregister and Register allocate %v times", n)
		}
	})
}
