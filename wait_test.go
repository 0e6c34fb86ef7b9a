//go:build unix || windows

package iomux_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
)

// tiny holds timeouts that expire before a goroutine can make a system call.
var tiny = []time.Duration{-time.Hour, -1, 0, 1, time.Microsecond, 10 * time.Microsecond, 100 * time.Microsecond, time.Millisecond}

func TestReadyIsReportedWhateverTheTimeout(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		suite.Write(t, w)
		register(t, p, fd, iomux.Readable)
		var events [1]iomux.Event[int]
		for _, timeout := range tiny {
			for range 50 {
				if n, err := p.WaitTimeout(events[:], timeout); n != 1 || err != nil {
					t.Fatalf("a wait of %v returned %d, %v", timeout, n, err)
				}
			}
		}
	})
}

// endsLater is a context that is done after the first call of Err.
type endsLater struct {
	context.Context
	calls atomic.Int32
}

func (c *endsLater) Err() error {
	if c.calls.Add(1) == 1 {
		return nil
	}
	return c.Context.Err()
}

// A context can end before its wait asks the kernel. The wait then still reports what is ready.
func TestReadyIsReportedThoughTheContextEnds(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		var events [1]iomux.Event[int]
		if n, err := p.Wait(&endsLater{Context: ended}, events[:]); n != 0 || err != context.Canceled {
			t.Errorf("without a source Wait returns %d, %v", n, err)
		}
		fd, w := suite.Pipe(t)
		suite.Write(t, w)
		r := register(t, p, fd, iomux.Readable)
		if n, err := p.Wait(&endsLater{Context: ended}, events[:]); n != 1 || err != nil || events[0].Registration != r {
			t.Errorf("Wait returns %+v, %v, want Readable of %p", events[:n], err, r)
		}
	})
}

func TestNegativeTimeoutDoesNotWait(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		var events [1]iomux.Event[int]
		done := make(chan error, 1)
		go func() {
			n, err := p.WaitTimeout(events[:], time.Until(time.Now().Add(-time.Second)))
			if n != 0 {
				err = errors.New("there was an event")
			}
			done <- err
		}()
		select {
		case err := <-done:
			must(t, err)
		case <-time.After(soon):
			t.Fatal("the wait blocks")
		}
	})
}

// Wait does not wrap the error of a context, because programs compare it.
func TestWaitReturnsTheContextsErrorItself(t *testing.T) {
	fd, _ := suite.Pipe(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := iomux.Wait(ctx, fd, iomux.Readable); err != context.Canceled {
		t.Errorf("error is %v", err)
	}
}

// The context of an earlier wait is not done. The context of this wait still ends it.
func TestContextEndsItsWaitBesideAnotherOne(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		for range 10 {
			earlier, cancelEarlier := context.WithCancel(context.Background())
			time.AfterFunc(time.Millisecond, func() { _ = p.Wake() })
			if n, err := p.Wait(earlier, make([]iomux.Event[int], 1)); n != 0 || err != nil {
				t.Fatal("after Wake, Wait returns", n, err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			if _, err := p.Wait(ctx, make([]iomux.Event[int], 1)); err != context.DeadlineExceeded {
				t.Fatal("the wait returned", err)
			}
			cancel()
			cancelEarlier()
		}
	})
}

// twoOneShots registers two ready sources, and breaks a loop at the first event.
func twoOneShots(t *testing.T, p *iomux.Poller[int]) (left *iomux.Registration[int], fd int) {
	t.Helper()
	registrations := make(map[int]*iomux.Registration[int])
	for range 2 {
		fd, w := suite.Pipe(t)
		suite.Write(t, w)
		registrations[fd] = register(t, p, fd, iomux.Readable|iomux.OneShot)
	}
	for event, err := range p.Events(context.Background()) {
		must(t, err)
		delete(registrations, event.Key)
		break
	}
	for fd, r := range registrations {
		return r, fd
	}
	panic("unreachable")
}

// A loop over Events can also end with a panic, or with its goroutine.
func TestIterationThatIsCutOffLosesNoEvent(t *testing.T) {
	for name, leave := range map[string]func(){"panic": func() { panic("left") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
				seen := make(map[int]int)
				for range 2 {
					fd, w := suite.Pipe(t)
					suite.Write(t, w)
					register(t, p, fd, iomux.Readable|iomux.OneShot)
				}
				var loop sync.WaitGroup
				for range 2 {
					loop.Go(func() {
						defer func() { _ = recover() }()
						ctx, cancel := context.WithTimeout(t.Context(), time.Second)
						defer cancel()
						for event, err := range p.Events(ctx) {
							if err != nil {
								t.Error("the second event is lost:", err)
							}
							seen[event.Key]++
							leave()
						}
					})
					loop.Wait()
				}
				if len(seen) != 2 {
					t.Errorf("the events are %v, want one of each source", seen)
				}
				expectNothing(t, p)
			})
		})
	}
}

func TestIterationThatEndsEarlyLosesNoEvent(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		left, _ := twoOneShots(t, p)
		expect(t, p, left, iomux.Readable)
		expectNothing(t, p)
	})
}

func TestModifyAfterAnIterationThatEndedEarlyReportsOnce(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		left, fd := twoOneShots(t, p)
		must(t, left.Modify(iomux.Readable|iomux.OneShot))
		expect(t, p, left, iomux.Readable)
		expectNothing(t, p)
		suite.Drain(t, fd)
		must(t, left.Modify(iomux.Readable|iomux.OneShot))
		expectNothing(t, p)
	})
}

func TestUnregisterAfterAnIterationThatEndedEarlyReportsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		left, fd := twoOneShots(t, p)
		must(t, left.Unregister())
		expectNothing(t, p)
		expect(t, p, register(t, p, fd, iomux.Readable), iomux.Readable)
	})
}

func TestModifyDuringAnIterationReportsOnce(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		var all []*iomux.Registration[int]
		for range 2 {
			fd, w := suite.Pipe(t)
			suite.Write(t, w)
			all = append(all, register(t, p, fd, iomux.Readable|iomux.OneShot))
		}
		var other *iomux.Registration[int]
		for event, err := range p.Events(context.Background()) {
			must(t, err)
			other = all[0]
			if event.Registration == other {
				other = all[1]
			}
			must(t, other.Modify(iomux.Readable|iomux.OneShot))
			break
		}
		expect(t, p, other, iomux.Readable)
		expectNothing(t, p)
	})
}

// After Close, a loop over Events gets no event that an earlier Wait has taken.
func TestCloseDuringAnIterationEndsIt(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		for range 2 {
			fd, w := suite.Pipe(t)
			suite.Write(t, w)
			register(t, p, fd, iomux.Readable)
		}
		var events int
		var errLast error
		for _, err := range p.Events(context.Background()) {
			if errLast = err; err == nil {
				events++
				_ = p.Close() // a second event would follow a second Close
			}
		}
		isErr(t, errLast, os.ErrClosed)
		if events != 1 {
			t.Errorf("the loop got %d events, want 1: Close ends it", events)
		}
	})
}

// An iteration does not yield an event whose source was modified, reset or unregistered by the loop.
func TestIterationSkipsOutdatedEvents(t *testing.T) {
	pipe := func(t *testing.T, p *iomux.Poller[int]) *iomux.Registration[int] {
		fd, w := suite.Pipe(t)
		suite.Write(t, w)
		return register(t, p, fd, iomux.Readable|iomux.OneShot)
	}
	timer := func(t *testing.T, p *iomux.Poller[int]) *iomux.Registration[int] {
		r, err := p.RegisterTimer(0, 0)
		must(t, err)
		return r
	}
	for name, test := range map[string]struct {
		source  func(*testing.T, *iomux.Poller[int]) *iomux.Registration[int]
		outdate func(*iomux.Registration[int]) error
		again   bool // the source is reported once more
	}{
		"Modify":     {pipe, func(r *iomux.Registration[int]) error { return r.Modify(iomux.Readable | iomux.OneShot) }, true},
		"Unregister": {pipe, (*iomux.Registration[int]).Unregister, false},
		"Reset":      {timer, func(r *iomux.Registration[int]) error { return r.Reset(time.Hour) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
				all := []*iomux.Registration[int]{test.source(t, p), test.source(t, p)}
				var other *iomux.Registration[int]
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				for event, err := range p.Events(ctx) {
					switch {
					case err != nil:
						isErr(t, err, context.Canceled)
					case other != nil:
						t.Errorf("event is %+v", event)
					default:
						other = all[0]
						if event.Registration == other {
							other = all[1]
						}
						must(t, test.outdate(other))
						cancel() // ends the iteration after this batch
					}
				}
				if test.again {
					expect(t, p, other, iomux.Readable)
				}
				expectNothing(t, p)
			})
		})
	}
}

// A wait without room for events fails at once, and takes no event.
func TestNoRoom(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		r := register(t, p, fd, iomux.Readable|iomux.OneShot)
		suite.Write(t, w)
		for _, none := range [][]iomux.Event[int]{nil, {}, make([]iomux.Event[int], 0, 4)} {
			n, err := p.Wait(context.Background(), none)
			isErr(t, err, syscall.EINVAL)
			m, errTimeout := p.WaitTimeout(none, 0)
			isErr(t, errTimeout, syscall.EINVAL)
			if n != 0 || m != 0 {
				t.Errorf("there were %d and %d events", n, m)
			}
		}
		expect(t, p, r, iomux.Readable)
	})
}

// Keys may have size 0. The Registration then distinguishes the sources.
func TestKeyOfZeroSize(t *testing.T) {
	for name, opts := range backends() {
		t.Run(name, func(t *testing.T) {
			p, err := iomux.New[struct{}](opts...)
			must(t, err)
			defer func() { must(t, p.Close()) }()
			want := make(map[*iomux.Registration[struct{}]]bool)
			for i := range 8 {
				fd, w := suite.Pipe(t)
				r, err := p.Register(fd, iomux.Readable, struct{}{})
				must(t, err)
				if want[r] {
					t.Fatal("two registrations are one")
				}
				if want[r] = i%2 == 0; want[r] {
					suite.Write(t, w)
				}
			}
			var events [8]iomux.Event[struct{}]
			n, err := p.WaitTimeout(events[:], soon)
			must(t, err)
			for _, event := range events[:n] {
				if !want[event.Registration] || event.Ready != iomux.Readable {
					t.Errorf("event is %+v", event)
				}
				delete(want, event.Registration)
			}
			if n != 4 || len(want) != 4 {
				t.Errorf("there were %d events, want 4", n)
			}
		})
	}
}

// A saturated loop yields to other goroutines after a limited number of waits.
func TestSaturatedLoopLetsOthersRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		suite.Write(t, w)
		register(t, p, fd, iomux.Readable)
		events := make([]iomux.Event[int], 1)
		for _, timeout := range []time.Duration{0, soon} {
			var ran atomic.Bool
			go ran.Store(true)
			waits := 0
			for ; !ran.Load() && waits < 5000; waits++ {
				if n, err := p.WaitTimeout(events, timeout); n != 1 || err != nil {
					t.Fatalf("the wait returned %d, %v", n, err)
				}
			}
			if !ran.Load() {
				t.Errorf("with timeout %v another goroutine did not run during %d waits", timeout, waits)
			}
		}
	})
}

// A sleeping goroutine gets a level-triggered event although another one, which only looks, takes
// it first.
func TestSleeperGetsALevelThatAnotherTook(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		r := register(t, p, fd, iomux.Readable)
		var events [1]iomux.Event[int]
		for range 20 {
			done := make(chan error)
			go func() {
				var events [1]iomux.Event[int]
				n, err := p.WaitTimeout(events[:], soon)
				if err == nil && (n != 1 || events[0].Registration != r) {
					err = errors.New("the sleep ended without the event")
				}
				done <- err
			}()
			time.Sleep(2 * time.Millisecond) // it is asleep after that
			suite.Write(t, w)
			_, err := p.WaitTimeout(events[:], 0)
			must(t, err)
			must(t, <-done)
			suite.Drain(t, fd)
		}
	})
}
