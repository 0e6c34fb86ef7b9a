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

	"iomux/internal/sys"
	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
	"iomux/internal/waker"
)

func TestMain(m *testing.M) { leak.Main(m) }

const soon = 30 * time.Second // ends a test that would otherwise hang

// newWaker returns a waker and its descriptor, which stays valid until the end of the test.
func newWaker(t *testing.T) (*waker.Waker, int) {
	t.Helper()
	w, err := waker.New()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := w.Acquire()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Done()
		_ = w.Close() // a test may have closed it
	})
	return w, fd
}

var must = suite.Must

func TestReadableFromWakeToClear(t *testing.T) {
	w, fd := newWaker(t)
	if readable(t, fd, 0) {
		t.Error("a new waker is readable")
	}
	for range 3 {
		for range 5 { // they coalesce
			must(t, w.Wake())
		}
		for range 2 {
			if !readable(t, fd, delivery) {
				t.Error("the waker is not readable after Wake")
			}
		}
		must(t, w.Clear())
		if readable(t, fd, 0) {
			t.Error("the waker is readable after Clear")
		}
		must(t, w.Clear()) // does not block
	}
}

func TestWakeEndsAWait(t *testing.T) {
	w, fd := newWaker(t)
	time.AfterFunc(time.Millisecond, func() { _ = w.Wake() })
	if !readable(t, fd, soon) {
		t.Error("Wake did not end the wait")
	}
}

// While other goroutines keep calling Wake, the waker becomes readable again after each Clear.
func TestNoWakeIsLost(t *testing.T) {
	w, fd := newWaker(t)
	var stop atomic.Bool
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for !stop.Load() {
				if err := w.Wake(); err != nil {
					t.Error("wake:", err)
				}
				runtime.Gosched()
			}
		})
	}
	// With one processor, each turn may wait for the scheduler.
	end := time.Now().Add(5 * time.Second)
	for turn := 0; turn < turns && time.Now().Before(end); turn++ {
		if !readable(t, fd, soon) {
			t.Error("the waker is not readable, although other goroutines keep calling Wake")
			break
		}
		if err := w.Clear(); err != nil {
			t.Error("clear:", err)
			break
		}
	}
	stop.Store(true)
	all.Wait()
}

// Close ends the waits on the descriptor, which stays open until its users are done.
func TestCloseMakesReadable(t *testing.T) {
	w, fd := newWaker(t)
	must(t, w.Close())
	if !readable(t, fd, delivery) {
		t.Error("the waker is not readable after Close")
	}
	if err := w.Wake(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Wake after Close: %v, want os.ErrClosed", err)
	}
	if err := w.Clear(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Clear after Close: %v, want os.ErrClosed", err)
	}
	if !readable(t, fd, delivery) {
		t.Error("the waker is not readable after Close and Clear")
	}
	if _, err := w.Acquire(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Acquire after Close: %v, want os.ErrClosed", err)
	}
	if err := w.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a second Close: %v, want os.ErrClosed", err)
	}
	if w.Owns(fd) {
		t.Errorf("the closed waker owns %d", fd)
	}
}

func TestZeroWakerIsClosed(t *testing.T) {
	w := new(waker.Waker)
	fd, err := w.Acquire()
	if fd != -1 {
		t.Errorf("Acquire of the zero waker: %d", fd)
	}
	for call, err := range map[string]error{"Acquire": err, "Wake": w.Wake(), "Clear": w.Clear(), "Close": w.Close()} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s of the zero waker: %v, want os.ErrClosed", call, err)
		}
	}
	for fd := -2; fd < 10; fd++ {
		if w.Owns(fd) {
			t.Errorf("the zero waker owns %d", fd)
		}
	}
}

// Owns distinguishes the one or two descriptors of the waker from all others.
func TestOwnsEveryDescriptorThatNewOpened(t *testing.T) {
	const highest = 1 << 12
	before := make(map[int]bool)
	for fd := range highest {
		before[fd] = sys.IsOpen(fd)
	}
	w, reader := newWaker(t)
	if !w.Owns(reader) {
		t.Errorf("the waker does not own %d, the descriptor to wait on", reader)
	}
	for fd := -2; fd < highest; fd++ {
		switch {
		case w.Owns(fd) && (before[fd] || !sys.IsOpen(fd)):
			t.Errorf("the waker owns %d, which it did not open", fd)
		case runtime.GOOS != "windows" && !w.Owns(fd) && !before[fd] && sys.IsOpen(fd):
			t.Errorf("the waker does not own %d, which it opened", fd)
		}
	}
}

// countingContext counts the functions that AfterFunc has registered.
type countingContext struct {
	context.Context
	waiting int
}

// Value hides the inner context, which package context would use directly.
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
		if readable(t, fd, 0) {
			t.Error("the descriptor is readable before the context is done")
		}
		time.AfterFunc(time.Millisecond, cancel)
		if !readable(t, fd, soon) {
			t.Error("the descriptor is not readable although the context is done")
		}
		return enough
	})
	if err != enough {
		t.Errorf("Until returned %v", err)
	}
	// Until removes its function from a context that is not done.
	counting := &countingContext{Context: t.Context()}
	err = waker.Until(counting, func(int) error {
		if counting.waiting != 1 {
			t.Error("Until registered no function with the context")
		}
		return nil
	})
	if err != nil || counting.waiting != 0 {
		t.Errorf("Until returned %v and left %d functions in the context", err, counting.waiting)
	}
}
