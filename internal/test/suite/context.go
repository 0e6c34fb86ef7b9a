//go:build unix || windows

package suite

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// ContextWaiter is a Waiter whose waits a context can interrupt.
type ContextWaiter interface {
	Waiter
	// WaitContext waits once, until ctx is done, and returns at most room events.
	WaitContext(ctx context.Context, room int) ([]Event, error)
}

var contextTests = []test{
	{name: "ContextEndsAWait", contexts: true, run: contextEndsAWait},
	{name: "ContextDoneBeforeTakesNothing", contexts: true, run: contextDoneBefore},
	{name: "DeadlinesAreNeverEarly", contexts: true, run: deadlines},
	{name: "WhatIsReadyComesDespiteAContext", contexts: true, run: readyDespiteContext},
	{name: "NilContextIsBackground", contexts: true, run: nilContext},
}

// ends checks that a wait returns no event and the cause of its context.
func ends(ctx context.Context, t *testing.T, waiter Waiter, cause error) {
	t.Helper()
	events, err := waiter.(ContextWaiter).WaitContext(ctx, 8)
	if len(events) != 0 || !errors.Is(err, cause) {
		t.Errorf("the wait returned %v, %v, want %v", events, err, cause)
	}
}

var errEnough = errors.New("enough")

// contextEndsAWait interrupts many waits at once, some of them asleep and some about to sleep. The
// following waits must work as before.
func contextEndsAWait(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	for _, delay := range []time.Duration{0, 50 * time.Microsecond, quiet} {
		ctx, cancel := context.WithCancelCause(context.Background())
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { ends(ctx, t, waiter, errEnough) })
		}
		time.Sleep(delay)
		cancel(errEnough)
		all.Wait()
		expectNothing(t, waiter)
		Write(t, w)
		expect(t, m, waiter, r, In, Hup)
		Drain(t, r)
	}
}

// contextDoneBefore waits with contexts that are already done. Such a wait returns at once, with or
// without ready descriptors.
func contextDoneBefore(t *testing.T, m Mechanism) {
	cancelled, cancel := context.WithCancelCause(context.Background())
	cancel(errEnough)
	past, stop := context.WithDeadline(context.Background(), time.Now().Add(-time.Hour))
	defer stop()
	mode := m.Modes & OneShot // an event is reported only once
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, mode)
	for range 3 {
		ends(cancelled, t, waiter, errEnough)
		ends(past, t, waiter, context.DeadlineExceeded)
		Write(t, w)
		expect(t, m, waiter, r, In, Hup)
		Drain(t, r)
		Must(t, waiter.Modify(r, In, mode))
		Write(t, w) // the waits of the next round must not take it
	}
	expect(t, m, waiter, r, In, Hup)
}

// deadlines gives each of many waits its own timeout.
func deadlines(t *testing.T, m Mechanism) {
	r, _ := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	var all sync.WaitGroup
	for i := range 8 {
		timeout := time.Duration(i+1) * 5 * time.Millisecond
		all.Go(func() {
			start := time.Now()
			events, err := waiter.Wait(1, timeout)
			if took := time.Since(start); len(events) != 0 || err != nil || took < timeout {
				t.Errorf("a wait of %v returned %v, %v after %v", timeout, events, err, took)
			}
		})
		all.Go(func() {
			start := time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), timeout)
			defer cancel()
			ends(ctx, t, waiter, context.DeadlineExceeded)
			if took := time.Since(start); took < timeout {
				t.Errorf("a wait with a deadline of %v was over after %v", timeout, took)
			}
		})
	}
	all.Wait()
}

// readyDespiteContext waits with a context for a descriptor that is ready before the wait, or
// becomes ready during it.
func readyDespiteContext(t *testing.T, m Mechanism) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	for _, delay := range []time.Duration{0, quiet} {
		go func() {
			time.Sleep(delay)
			Write(t, w)
		}()
		events, err := waiter.(ContextWaiter).WaitContext(ctx, 8)
		Must(t, err)
		if err := matches(m, events, r, In, Hup); err != nil {
			t.Error(err)
		}
		Drain(t, r)
	}
}

func nilContext(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	Write(t, w)
	events, err := waiter.(ContextWaiter).WaitContext(nil, 8) //nolint:staticcheck // it is what is tested
	Must(t, err)
	if err := matches(m, events, r, In, Hup); err != nil {
		t.Error(err)
	}
}
