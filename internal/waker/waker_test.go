//go:build unix || windows

package waker_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"iomux/internal/test/leak"
	"iomux/internal/waker"
)

func TestMain(m *testing.M) { leak.Main(m) }

const soon = 30 * time.Second // ends a test that would wait for ever

// hang makes a bell, and a user of its descriptor.
func hang(t *testing.T) (*waker.Waker, int) {
	t.Helper()
	b, err := waker.New()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := b.Acquire()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.Done()
		_ = b.Close() // a test may have closed it
	})
	return b, fd
}

func TestRungUntilQuiet(t *testing.T) {
	b, fd := hang(t)
	if heard(t, fd, 0) {
		t.Error("a new bell is heard")
	}
	for range 3 {
		for range 5 { // which become one
			b.Wake()
		}
		for range 2 {
			if !heard(t, fd, atOnce) {
				t.Error("a bell that was rung is not heard")
			}
		}
		b.Clear()
		if heard(t, fd, 0) {
			t.Error("a quiet bell is heard")
		}
		b.Clear() // does not block
	}
}

func TestRingEndsAWait(t *testing.T) {
	b, fd := hang(t)
	time.AfterFunc(time.Millisecond, b.Wake)
	if !heard(t, fd, soon) {
		t.Error("the bell was not heard")
	}
}

// While others ring all the time, the waker is heard again after each Quiet.
func TestNoRingIsLost(t *testing.T) {
	b, fd := hang(t)
	var stop atomic.Bool
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for !stop.Load() {
				b.Wake()
				runtime.Gosched() // to who listens
			}
		})
	}
	for range turns {
		if !heard(t, fd, soon) {
			t.Error("the bell is silent, though it is being rung")
			break
		}
		b.Clear()
	}
	stop.Store(true)
	all.Wait()
}

// Who waits while the waker is closed hears it, and keeps its descriptor until he is done.
func TestCloseRings(t *testing.T) {
	b, fd := hang(t)
	if err := b.Close(); err != nil {
		t.Error("close:", err)
	}
	if !heard(t, fd, atOnce) {
		t.Error("a bell that is being closed is not heard")
	}
	b.Wake()
	if !heard(t, fd, atOnce) {
		t.Error("a bell that was closed is not heard")
	}
	if _, err := b.Acquire(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Acquire after Close: %v", err)
	}
	if err := b.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a second Close: %v", err)
	}
}

// The zero value is a closed bell.
func TestZeroBell(t *testing.T) {
	b := new(waker.Waker)
	b.Wake()
	b.Clear()
	if fd, err := b.Acquire(); err == nil {
		t.Errorf("Acquire of a zero bell is %d", fd)
	}
	if b.Close() == nil {
		t.Error("a zero bell was closed")
	}
}

// countingContext counts the functions that are to be called when it is done.
type countingContext struct {
	context.Context
	waiting int
}

// Value hides the context inside, which would be asked by itself.
func (*countingContext) Value(any) any { return nil }

func (c *countingContext) AfterFunc(f func()) func() bool {
	c.waiting++
	stop := context.AfterFunc(c.Context, f)
	return func() bool {
		c.waiting--
		return stop()
	}
}

func TestUntil(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	enough := errors.New("enough")
	err := waker.Until(ctx, func(fd int) error {
		if heard(t, fd, 0) {
			t.Error("the bell is heard before the end of the context")
		}
		time.AfterFunc(time.Millisecond, cancel)
		if !heard(t, fd, soon) {
			t.Error("the end of the context was not heard")
		}
		return enough
	})
	if err != enough {
		t.Errorf("Until returned %v", err)
	}
	// A context that goes on is not waited for any more.
	counting := &countingContext{Context: t.Context()}
	err = waker.Until(counting, func(int) error {
		if counting.waiting != 1 {
			t.Error("it does not wait for the end of the context")
		}
		return nil
	})
	if err != nil || counting.waiting != 0 {
		t.Errorf("Until returned %v, and %d wait for the context", err, counting.waiting)
	}
}
