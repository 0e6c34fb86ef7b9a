//go:build unix || windows

package iomux_test

import (
	"context"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
)

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

// A loop over Events gets no event of a source that it has modified, reset or unregistered.
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
