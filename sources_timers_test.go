//go:build unix || windows

package iomux_test

import (
	"context"
	"errors"
	"math"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
)

// next waits for one event of that kind.
func next(t testing.TB, p *iomux.Poller[int], kind iomux.Kind, key int) iomux.Event[int] {
	t.Helper()
	var events [4]iomux.Event[int]
	n, err := p.WaitTimeout(events[:], soon)
	if err != nil || n != 1 || events[0].Kind != kind || events[0].Key != key || events[0].Ready != 0 {
		t.Fatalf("events are %+v, %v, want one of kind %v with key %d", events[:n], err, kind, key)
	}
	return events[0]
}

func TestTimerExpiresOnce(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		for _, d := range []time.Duration{-1, 0, 1, 300 * time.Microsecond, 5 * time.Millisecond} {
			start := time.Now()
			r, err := p.RegisterTimer(d, 7)
			must(t, err)
			for range 2 {
				event := next(t, p, iomux.KindTimer, 7)
				if took := time.Since(start); took < d || event.Expirations() != 1 || event.Registration != r {
					t.Errorf("a timer of %v: %+v after %v", d, event, took)
				}
				expectNothing(t, p)
				start = time.Now()
				must(t, r.Reset(d))
			}
			must(t, r.Unregister())
			expectNothing(t, p)
			isErr(t, r.Reset(d), syscall.ENOENT)
		}
	})
}

func TestTimerStaysRegistered(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		r, err := p.RegisterTimer(0, 7)
		must(t, err)
		next(t, p, iomux.KindTimer, 7)
		if p.Len() != 1 || r.Key() != 7 {
			t.Errorf("Len is %d, Key %d", p.Len(), r.Key())
		}
		isErr(t, r.Modify(iomux.Readable), errors.ErrUnsupported)
		must(t, r.Unregister())
		isErr(t, r.Unregister(), syscall.ENOENT)
		if p.Len() != 0 {
			t.Errorf("Len is %d", p.Len())
		}
	})
}

func TestTicker(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		const period = 5 * time.Millisecond
		start := time.Now()
		r, err := p.RegisterTicker(period, 7)
		must(t, err)
		expired := 0
		for range 5 {
			event := next(t, p, iomux.KindTimer, 7)
			expired += event.Expirations()
			if took := time.Since(start); event.Expirations() < 1 || took < time.Duration(expired)*period {
				t.Errorf("%d expirations of %v after %v", expired, period, took)
			}
		}
		time.Sleep(10 * period)
		if event := next(t, p, iomux.KindTimer, 7); event.Expirations() < 10 {
			t.Errorf("%d expirations without a wait, want at least 10", event.Expirations())
		}
		must(t, r.Reset(time.Hour))
		expectNothing(t, p)
		isErr(t, r.Reset(0), syscall.EINVAL)
		must(t, r.Reset(period))
		next(t, p, iomux.KindTimer, 7)
		must(t, r.Unregister())
		expectNothing(t, p)
	})
}

func TestOutdatedExpirationsAreNotReported(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		timer, err := p.RegisterTimer(time.Millisecond, 1)
		must(t, err)
		ticker, err := p.RegisterTicker(time.Millisecond, 2)
		must(t, err)
		ended, err := p.RegisterTimer(time.Millisecond, 3)
		must(t, err)
		time.Sleep(5 * time.Millisecond)
		must(t, errors.Join(timer.Reset(time.Hour), ticker.Reset(time.Hour), ended.Unregister()))
		expectNothing(t, p)
	})
}

// Reset drops an expiration that a loop has put back.
func TestResetOutdatesWhatWasPutBack(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		var timers [2]*iomux.Registration[int]
		for i := range timers {
			r, err := p.RegisterTimer(0, i)
			must(t, err)
			timers[i] = r
		}
		time.Sleep(time.Millisecond)
		for event, err := range p.Events(context.Background()) {
			must(t, err)
			must(t, timers[1-event.Key].Reset(time.Hour))
			break
		}
		expectNothing(t, p)
	})
}

func TestTimersWakeTheSleeper(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		late, err := p.RegisterTimer(time.Hour, 1)
		must(t, err)
		for name, act := range map[string]func() error{
			"reset":    func() error { return late.Reset(time.Millisecond) },
			"register": func() error { _, err := p.RegisterTimer(time.Millisecond, 1); return err },
		} {
			failed := make(chan error, 1)
			start := time.Now()
			time.AfterFunc(quiet, func() { failed <- act() })
			next(t, p, iomux.KindTimer, 1)
			if took := time.Since(start); took < quiet || took > soon/2 {
				t.Errorf("%s: it took %v", name, took)
			}
			must(t, <-failed)
		}
	})
}

// Each expiration is reported to one of several waiting goroutines.
func TestOneOfSeveralWaitersHasTheExpiration(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		ctx, cancel := context.WithCancel(context.Background())
		const waiters, timers = 4, 20
		keys, done := make(chan int, 2*timers), make(chan struct{})
		for range waiters {
			go func() {
				defer func() { done <- struct{}{} }()
				for event, err := range p.Events(ctx) {
					if err == nil {
						keys <- event.Key
					}
				}
			}()
		}
		for i := range timers {
			_, err := p.RegisterTimer(time.Duration(i%5)*time.Millisecond, i)
			must(t, err)
		}
		seen := make(map[int]bool)
		for range timers {
			select {
			case key := <-keys:
				seen[key] = true
			case <-time.After(soon):
				t.Fatalf("only %d timers expired", len(seen))
			}
		}
		time.Sleep(quiet)
		if len(seen) != timers || len(keys) != 0 {
			t.Errorf("%d timers expired, and %d of them twice", len(seen), len(keys))
		}
		cancel()
		for range waiters {
			<-done
		}
	})
}

func TestTimersAndReadySourcesTakeTurns(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		suite.Write(t, w)
		register(t, p, fd, iomux.Readable)
		_, err := p.RegisterTicker(time.Nanosecond, -7)
		must(t, err)
		seen := make(map[iomux.Kind]int)
		for range 20 {
			var events [1]iomux.Event[int]
			n, err := p.WaitTimeout(events[:], soon)
			must(t, err)
			if n == 1 {
				seen[events[0].Kind]++
			}
		}
		if seen[iomux.KindIO] < 5 || seen[iomux.KindTimer] < 5 {
			t.Errorf("events by kind are %v, want similar numbers", seen)
		}
	})
}

func TestManyTimers(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	const many = 100_000
	p := poller(t, nil)
	var before, after runtime.MemStats
	timers := make([]*iomux.Registration[int], many)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range timers {
		r, err := p.RegisterTimer(time.Hour, i)
		must(t, err)
		timers[i] = r
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if bytes := (after.HeapAlloc - before.HeapAlloc) / many; bytes > 200 {
		t.Errorf("a timer takes %d bytes, want at most 200", bytes)
	} else {
		t.Logf("a timer takes %d bytes", bytes)
	}
	for i, r := range timers {
		must(t, r.Reset(time.Duration(i%50)*time.Millisecond))
	}
	seen := make([]int, many)
	events := make([]iomux.Event[int], 1000)
	for left := many; left > 0; {
		n, err := p.WaitTimeout(events, soon)
		must(t, err)
		if n == 0 {
			t.Fatalf("%d timers have not expired", left)
		}
		for _, event := range events[:n] {
			if seen[event.Key]++; seen[event.Key] > 1 {
				t.Fatalf("timer %d expired twice", event.Key)
			}
		}
		left -= n
	}
}

func TestResetDoesNotAllocate(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		r, err := p.RegisterTimer(time.Hour, 1)
		must(t, err)
		var events [4]iomux.Event[int]
		turn := func() {
			_ = r.Reset(time.Hour)
			_ = r.Reset(0)
			_, _ = p.WaitTimeout(events[:], time.Second)
			_ = r.Reset(100 * time.Microsecond)
			_, _ = p.WaitTimeout(events[:], time.Second)
		}
		for range 20 {
			turn()
		}
		if n := testing.AllocsPerRun(50, turn); n != 0 {
			t.Errorf("Reset and expirations allocate %v times", n)
		}
	})
}

func TestTimerErrors(t *testing.T) {
	p := poller(t, nil)
	for _, d := range []time.Duration{0, -1} {
		_, err := p.RegisterTicker(d, 0)
		isErr(t, err, syscall.EINVAL)
		if !strings.Contains(err.Error(), "positive") {
			t.Errorf("%v: the error does not name the reason", err)
		}
	}
	for _, d := range []time.Duration{math.MaxInt64, math.MaxInt64 - 1} {
		r, err := p.RegisterTicker(d, 0)
		must(t, err)
		must(t, r.Reset(d))
		expectNothing(t, p)
	}
	r, err := p.RegisterTimer(0, 0)
	must(t, err)
	must(t, p.Close())
	isErr(t, r.Reset(1), os.ErrClosed)
	var zero iomux.Registration[int]
	isErr(t, zero.Reset(1), syscall.ENOENT)
}
