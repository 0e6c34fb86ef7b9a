//go:build unix || windows

package iomux_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
)

// A wait without room for events is an error at once, and takes nothing.
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

// Keys may have no size at all: then the Registration tells the sources apart.
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

// A loop that never has to sleep lets others run, after so many waits at the latest.
func TestSaturatedLoopLetsOthersRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
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
