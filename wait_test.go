//go:build unix || windows

package iomux_test

import (
	"context"
	"errors"
	"runtime"
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
