//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"errors"
	"math"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/test/suite"
	"iomux/kqueue"
)

func TestDescriptorIsClosedOnExec(t *testing.T) {
	queue := newQueue(t)
	flags, err := unix.FcntlInt(uintptr(queue.FD()), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags are %#x, %v", flags, err)
	}
}

// TestFromFDSharesTheQueue opens a second Queue of a descriptor, which shares the registrations.
func TestFromFDSharesTheQueue(t *testing.T) {
	needsFromFD(t)
	r, w := suite.Pipe(t)
	queue := newQueue(t)
	fd, err := unix.FcntlInt(uintptr(queue.FD()), unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	same, err := kqueue.FromFD(fd)
	must(t, err)
	if same.FD() != fd {
		t.Errorf("FD is %d, want %d", same.FD(), fd)
	}
	apply(t, same, change(r, kqueue.FilterRead, kqueue.EvAdd))
	suite.Write(t, w)
	one(t, queue, r, kqueue.FilterRead)
	one(t, same, r, kqueue.FilterRead)
	must(t, queue.Close())
	one(t, same, r, kqueue.FilterRead)
	suite.Drain(t, r)
	none(t, same)
	must(t, same.Close())
}

// TestFromFDOfTheSameNumber closes one of two Queues with one number, while both wait. The other
// must not use the number afterwards, which may belong to another file.
func TestFromFDOfTheSameNumber(t *testing.T) {
	needsFromFD(t)
	queue := newQueue(t)
	fd := queue.FD()
	same, err := kqueue.FromFD(fd)
	must(t, err)
	r, w := suite.Pipe(t)
	apply(t, same, change(r, kqueue.FilterRead, kqueue.EvAdd))
	suite.Write(t, w)
	one(t, queue, r, kqueue.FilterRead)
	suite.Drain(t, r)
	wait := func(queue *kqueue.Queue) chan error {
		ended := make(chan error)
		go func() {
			_, err := queue.Control(nil, make([]kqueue.Event, 1), -1)
			ended <- err
		}()
		return ended
	}
	first, second := wait(queue), wait(same)
	time.Sleep(quiet)
	isError(t, same.Close(), nil)
	isError(t, <-second, os.ErrClosed)
	isError(t, <-first, syscall.EBADF)
	next := suite.Duplicate(t, r, fd) // it has the number, unless something else was faster
	suite.CloseAtEnd(t, next)
	_, err = queue.Control(nil, make([]kqueue.Event, 1), 0)
	isError(t, err, syscall.EBADF)
	isError(t, queue.Close(), syscall.EBADF)
	isError(t, queue.Close(), os.ErrClosed)
	isError(t, same.Close(), os.ErrClosed)
	if !sys.IsOpen(next) || queue.FD() >= 0 {
		t.Error("the number of another file was used")
	}
}

func isError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

// TestCloseOfOneOfTwo closes one of two Queues. Only its own waiters return.
func TestCloseOfOneOfTwo(t *testing.T) {
	needsFromFD(t)
	queue := newQueue(t)
	fd, err := unix.FcntlInt(uintptr(queue.FD()), unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	same, err := kqueue.FromFD(fd)
	must(t, err)
	defer func() { must(t, same.Close()) }()
	var waiters sync.WaitGroup
	for range 3 {
		waiters.Go(func() {
			if _, err := queue.Control(nil, make([]kqueue.Event, 1), -1); !errors.Is(err, os.ErrClosed) {
				t.Errorf("a wait ended with %v", err)
			}
		})
	}
	time.Sleep(quiet)
	must(t, queue.Close())
	waiters.Wait()
	none(t, same)
	if readable(t, same.FD()) {
		t.Error("the queue is readable without an event")
	}
}

func TestFromFDOfSomethingElse(t *testing.T) {
	needsFromFD(t)
	r, _ := suite.Pipe(t)
	for _, fd := range []int{-1, math.MaxInt, suite.ClosedFD(t), r} {
		if _, err := kqueue.FromFD(fd); !errors.Is(err, syscall.EBADF) && !errors.Is(err, syscall.EINVAL) {
			t.Errorf("FromFD(%d): %v", fd, err)
		}
	}
}

func TestUseAfterClose(t *testing.T) {
	queue := newQueue(t)
	must(t, queue.Close())
	var zero kqueue.Queue
	for _, queue := range []*kqueue.Queue{queue, &zero} {
		if _, err := queue.Control(nil, make([]kqueue.Event, 1), -1); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Control: %v", err)
		}
		if _, err := queue.Control([]kqueue.Event{{Filter: kqueue.FilterNetdev}}, nil, 0); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Control of what is not there: %v", err)
		}
		if err := queue.Close(); !errors.Is(err, os.ErrClosed) || queue.FD() != -1 {
			t.Errorf("Close: %v, FD: %d", err, queue.FD())
		}
	}
}

func TestTimeouts(t *testing.T) {
	queue := newQueue(t)
	for _, timeout := range []time.Duration{0, 1, 100 * time.Microsecond, 3100 * time.Microsecond, 50 * time.Millisecond} {
		start := time.Now()
		if events := wait(t, queue, 1, timeout); len(events) != 0 || time.Since(start) < timeout {
			t.Errorf("a wait of %v ended after %v with %v", timeout, time.Since(start), events)
		}
	}
	r, w := suite.Pipe(t)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear))
	for _, timeout := range []time.Duration{-1, -2, math.MinInt64, math.MaxInt64} {
		later := time.AfterFunc(quiet, func() { suite.Write(t, w) })
		if events := wait(t, queue, 1, timeout); len(events) != 1 {
			t.Errorf("a wait of %v ended with %v", timeout, events)
		}
		later.Stop()
	}
}

// TestInterruptions interrupts a wait. Its timeout stays the same, and changes are made once.
func TestInterruptions(t *testing.T) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, unix.SIGUSR2)
	defer signal.Stop(caught)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				_ = unix.Kill(os.Getpid(), unix.SIGUSR2)
			}
		}
	}()
	queue := newQueue(t)
	r, _ := suite.Pipe(t)
	events := make([]kqueue.Event, 1)
	start := time.Now()
	n, err := queue.Control([]kqueue.Event{change(r, kqueue.FilterRead, kqueue.EvAdd)}, events, 200*time.Millisecond)
	took := time.Since(start)
	close(stop)
	<-stopped
	if n != 0 || err != nil || took < 200*time.Millisecond {
		t.Errorf("%d events, %v, after %v", n, err, took)
	}
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvDelete))
}

func TestCloseEndsAllWaits(t *testing.T) {
	for range 20 {
		queue := newQueue(t)
		r, _ := suite.Pipe(t)
		apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd), timer(1, 0, 0, 1000))
		var waiters sync.WaitGroup
		for i := range 8 {
			waiters.Go(func() {
				if _, err := queue.Control(nil, make([]kqueue.Event, 1+i%2*100), -1); !errors.Is(err, os.ErrClosed) {
					t.Errorf("a wait ended with %v", err)
				}
			})
		}
		time.Sleep(time.Millisecond)
		must(t, queue.Close())
		waiters.Wait()
	}
}

// TestChangeReachesAWaitInProgress makes a change that must take effect on a wait in progress.
func TestChangeReachesAWaitInProgress(t *testing.T) {
	queue := newQueue(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	done := make(chan kqueue.Event)
	go func() {
		events := make([]kqueue.Event, 1)
		_, _ = queue.Control(nil, events, soon)
		done <- events[0]
	}()
	time.Sleep(quiet)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd))
	if event := <-done; event.Ident != uint64(r) {
		t.Errorf("the wait ended with %v", event)
	}
}

func TestShortListReportsAllInTurns(t *testing.T) {
	const descriptors = 100
	queue := newQueue(t)
	left := make(map[uint64]bool)
	for range descriptors {
		r, w := suite.Pipe(t)
		suite.Write(t, w)
		apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd))
		left[uint64(r)] = true
	}
	for _, event := range wait(t, queue, 3*descriptors, 0) {
		if !left[event.Ident] {
			t.Errorf("%v was reported twice", event)
		}
		delete(left, event.Ident)
	}
	if len(left) != 0 {
		t.Errorf("%d descriptors were not reported, although there was room", len(left))
	}
	count := make(map[uint64]int)
	for range 3 * descriptors {
		for _, event := range wait(t, queue, 1, 0) {
			count[event.Ident]++
		}
	}
	for ident, n := range count {
		if n != 3 {
			t.Errorf("descriptor %d was reported %d times in 3 rounds", ident, n)
		}
	}
	if len(count) != descriptors {
		t.Errorf("%d descriptors were reported, want %d", len(count), descriptors)
	}
}

// Descriptors below their low-water mark do not hide a ready one.
func TestReadyIsFoundBehindLowWaterMarks(t *testing.T) {
	queue := newQueue(t)
	for range 40 {
		a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
		apply(t, queue, noted(a, kqueue.FilterRead, kqueue.EvAdd, kqueue.NoteLowat, 2))
		suite.Write(t, b)
	}
	ready, peer := suite.SocketPair(t, syscall.SOCK_STREAM)
	apply(t, queue, change(ready, kqueue.FilterRead, kqueue.EvAdd))
	suite.Write(t, peer)
	for _, timeout := range []time.Duration{0, 1} {
		if events := wait(t, queue, 1, timeout); len(events) != 1 || events[0].Ident != uint64(ready) {
			t.Errorf("after %v events are %v, want one of %d", timeout, events, ready)
		}
	}
}

func TestLongListReportsAllAtOnce(t *testing.T) {
	const descriptors = 5000
	suite.Limit(t, descriptors+1000)
	queue := newQueue(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	for range descriptors {
		twin := suite.Duplicate(t, r, 0)
		t.Cleanup(func() { must(t, unix.Close(twin)) })
		apply(t, queue, change(twin, kqueue.FilterRead, kqueue.EvAdd))
	}
	if events := wait(t, queue, 2*descriptors, 0); len(events) != descriptors {
		t.Errorf("%d descriptors were reported, want %d", len(events), descriptors)
	}
}

func TestWaitDoesNotAllocate(t *testing.T) {
	queue := newQueue(t)
	r, w := suite.Pipe(t)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd), change(w, kqueue.FilterWrite, kqueue.EvAdd))
	suite.Write(t, w)
	events := make([]kqueue.Event, 8)
	changes := []kqueue.Event{change(r, kqueue.FilterRead, kqueue.EvAdd)}
	if n := testing.AllocsPerRun(100, func() {
		if n, err := queue.Control(changes, events, 0); n != 2 || err != nil {
			t.Fatal(n, err)
		}
	}); n != 0 {
		t.Errorf("a change and a wait allocate %v times", n)
	}
}

// A Control that does not wait reports a ready descriptor while another goroutine wakes up for it.
// On Linux, a queue with another one inside waits differently.
func TestReadyIsReportedBesideASleep(t *testing.T) {
	r, w := suite.Pipe(t)
	alone, beside, outer, inner := newQueue(t), newQueue(t), newQueue(t), newQueue(t)
	for _, queue := range []*kqueue.Queue{alone, beside, inner} {
		apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd))
	}
	apply(t, beside, change(newQueue(t).FD(), kqueue.FilterRead, kqueue.EvAdd))
	apply(t, outer, change(inner.FD(), kqueue.FilterRead, kqueue.EvAdd))
	for name, queue := range map[string]*kqueue.Queue{
		"descriptor": alone, "descriptor and queue": beside, "queue": outer,
	} {
		t.Run(name, func(t *testing.T) { readyBesideASleep(t, queue, r, w) })
	}
}

func readyBesideASleep(t *testing.T, queue *kqueue.Queue, r, w int) {
	var over atomic.Bool
	var sleeper sync.WaitGroup
	sleeper.Go(func() {
		for !over.Load() {
			if _, err := queue.Control(nil, make([]kqueue.Event, 1), -1); err != nil {
				t.Error("Control:", err)
			}
		}
	})
	for round := range 2000 {
		suite.Write(t, w)
		for range 3 {
			if events := wait(t, queue, 1, time.Duration(round%2)); len(events) != 1 {
				t.Errorf("round %d: no event", round)
			}
		}
		suite.Drain(t, r)
	}
	over.Store(true)
	suite.Write(t, w)
	sleeper.Wait()
	suite.Drain(t, r)
}
