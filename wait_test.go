//go:build unix || windows

package iomux_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
)

// tiny are timeouts that are over before a goroutine can ask the kernel.
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

// The same for goroutines that wait for their turn while another one sleeps.
func TestReadyIsReportedToFollowersWhateverTheTimeout(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		if p.Mechanism() == iomux.Kqueue && !iomux.Kqueue.Native() {
			t.Skip("the emulation of kqueue hides a level for the moment in which another goroutine takes it")
		}
		idle, _ := suite.Pipe(t)
		register(t, p, idle, iomux.Readable)
		fd, w := suite.Pipe(t)
		ctx, cancel := context.WithCancel(context.Background())
		leader := make(chan error)
		go func() {
			var events [1]iomux.Event[int]
			for {
				if _, err := p.Wait(ctx, events[:]); err != nil {
					leader <- err
					return
				}
			}
		}()
		time.Sleep(quiet) // the goroutine sleeps by now
		register(t, p, fd, iomux.Readable)
		suite.Write(t, w)
		var events [1]iomux.Event[int]
		for _, timeout := range tiny {
			for range 20 {
				if n, err := p.WaitTimeout(events[:], timeout); n != 1 || err != nil {
					t.Fatalf("a wait of %v returned %d, %v", timeout, n, err)
				}
			}
		}
		cancel()
		if err := <-leader; !errors.Is(err, context.Canceled) {
			t.Errorf("the leader returned %v", err)
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

// A context's error is not wrapped: programs compare it.
func TestWaitReturnsTheContextsErrorItself(t *testing.T) {
	fd, _ := suite.Pipe(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := iomux.Wait(ctx, fd, iomux.Readable); err != context.Canceled {
		t.Errorf("error is %v", err)
	}
}

// twoOneShots registers two sources that are ready, and leaves an iteration at the first event.
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

func TestIterationThatEndsEarlyLosesNoEvent(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		left, _ := twoOneShots(t, p)
		expect(t, p, left, iomux.Readable)
		expectNothing(t, p)
	})
}

func TestModifyAfterAnIterationThatEndedEarlyReportsOnce(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		left, _ := twoOneShots(t, p)
		must(t, left.Modify(iomux.Readable|iomux.OneShot))
		expect(t, p, left, iomux.Readable)
		expectNothing(t, p)
		must(t, left.Modify(iomux.Writable|iomux.OneShot))
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
		for event, err := range p.Events(context.Background()) {
			must(t, err)
			for _, r := range all {
				if r != event.Registration {
					must(t, r.Modify(iomux.Readable|iomux.OneShot))
					defer expectNothing(t, p)
					defer expect(t, p, r, iomux.Readable)
				}
			}
			break
		}
	})
}
