//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// waitUntilClosed starts goroutines that wait on one queue until it is closed.
func waitUntilClosed(t *testing.T, queue *kqueue.Queue, waiters int, handle func(kqueue.Event)) (stop func()) {
	var all sync.WaitGroup
	for i := range waiters {
		all.Go(func() {
			for events := make([]kqueue.Event, 1+i%3); ; {
				n, err := queue.Control(nil, events, -1)
				for _, event := range events[:n] {
					handle(event)
				}
				if errors.Is(err, os.ErrClosed) {
					return
				}
				if err != nil {
					t.Error("Control:", err)
					return
				}
			}
		})
	}
	return func() {
		_ = queue.Close() // ends the last waiter
		all.Wait()
	}
}

// TestEachEventIsReportedToOneWaiter uses each filter.
func TestEachEventIsReportedToOneWaiter(t *testing.T) {
	r, w := suite.Pipe(t)
	a, b := suite.SocketPair(t, unix.SOCK_STREAM)
	path, file := newFile(t, 0)
	sources := map[string]struct {
		add kqueue.Event
		do  func(queue *kqueue.Queue)
	}{
		"ReadClear": {change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear), func(*kqueue.Queue) { suite.Write(t, w) }},
		"ReadOneShot": {change(a, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvOneShot), func(queue *kqueue.Queue) {
			suite.Drain(t, a)
			apply(t, queue, change(a, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvOneShot))
			suite.Write(t, b)
		}},
		"ReadDispatch": {change(a, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvDispatch), func(queue *kqueue.Queue) {
			suite.Drain(t, a)
			apply(t, queue, change(a, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvEnable|kqueue.EvDispatch))
			suite.Write(t, b)
		}},
		"Timer": {timer(1, kqueue.EvOneShot, 0, 1000_000), func(queue *kqueue.Queue) { apply(t, queue, timer(1, kqueue.EvOneShot, 0, 1)) }},
		"User":  {change(1, kqueue.FilterUser, kqueue.EvAdd|kqueue.EvClear), func(queue *kqueue.Queue) { apply(t, queue, trigger(0, 0)) }},
		"Vnode": {noted(file, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteAttrib, 0), func(*kqueue.Queue) {
			must(t, os.Chmod(path, 0o600))
		}},
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			needs(t, source.add)
			queue := newQueue(t)
			suite.Drain(t, a)
			apply(t, queue, source.add)
			expectOneReport(t, queue, func() { source.do(queue) })
		})
	}
}

// expectOneReport makes events one after the other, each of which one of several waiters must get.
func expectOneReport(t *testing.T, queue *kqueue.Queue, do func()) {
	const waiters, rounds = 4, 200
	reports := make(chan struct{}, rounds*waiters)
	stop := waitUntilClosed(t, queue, waiters, func(kqueue.Event) { reports <- struct{}{} })
	for i := range rounds {
		do()
		select {
		case <-reports:
		case <-time.After(soon):
			t.Fatalf("event %d was not reported", i)
		}
	}
	time.Sleep(quiet)
	stop()
	if len(reports) != 0 {
		t.Errorf("%d of %d events were reported twice", len(reports), rounds)
	}
}

// TestDeletionRacesDelivery deletes registrations while other goroutines wait. Later waits must not
// report them.
func TestDeletionRacesDelivery(t *testing.T) {
	for name, flags := range map[string]kqueue.Flags{"Level": 0, "Clear": kqueue.EvClear, "OneShot": kqueue.EvOneShot} {
		t.Run(name, func(t *testing.T) {
			queue := newQueue(t)
			r, w := suite.Pipe(t)
			var dead atomic.Uint64
			stop := watchForDeleted(t, queue, &dead)
			suite.Write(t, w)
			for generation := uint64(1); generation <= 2000; generation++ {
				add := kqueue.Event{Ident: uint64(r), Filter: kqueue.FilterRead, Flags: kqueue.EvAdd | flags, Udata: generation}
				apply(t, queue, add)
				removal := add
				removal.Flags = kqueue.EvDelete
				if _, err := queue.Control([]kqueue.Event{removal}, nil, 0); err != nil && !errors.Is(err, unix.ENOENT) {
					t.Fatal(err)
				}
				dead.Store(generation)
			}
			stop()
		})
	}
}

// watchForDeleted starts goroutines that wait. They fail the test if an event was deleted before
// their wait began.
func watchForDeleted(t *testing.T, queue *kqueue.Queue, dead *atomic.Uint64) (stop func()) {
	var all sync.WaitGroup
	var over atomic.Bool
	for range 3 {
		all.Go(func() {
			for events := make([]kqueue.Event, 2); !over.Load(); {
				before := dead.Load()
				n, err := queue.Control(nil, events, time.Millisecond)
				if err != nil {
					t.Error("Control:", err)
					return
				}
				for _, event := range events[:n] {
					if event.Udata <= before {
						t.Errorf("generation %d was reported after %d was deleted", event.Udata, before)
					}
				}
			}
		})
	}
	return func() {
		over.Store(true)
		all.Wait()
	}
}

// TestDescriptorReuse closes registered descriptors and reuses their numbers at once.
func TestDescriptorReuse(t *testing.T) {
	for name, flags := range map[string]kqueue.Flags{"Level": 0, "Clear": kqueue.EvClear} {
		t.Run(name, func(t *testing.T) {
			queue := newQueue(t)
			var dead atomic.Uint64
			stop := watchForDeleted(t, queue, &dead)
			for generation := uint64(1); generation <= 1000; generation++ {
				var fds [2]int
				must(t, unix.Pipe(fds[:]))
				suite.Write(t, fds[1])
				if generation%2 == 0 { // other generations are never registered
					apply(t, queue, kqueue.Event{
						Ident: uint64(fds[0]), Filter: kqueue.FilterRead, Flags: kqueue.EvAdd | flags, Udata: generation,
					})
				}
				must(t, unix.Close(fds[0]))
				must(t, unix.Close(fds[1]))
				dead.Store(generation)
			}
			stop()
		})
	}
}

// TestCloseUnderLoad closes a queue while events of all kinds arrive.
func TestCloseUnderLoad(t *testing.T) {
	needs(t, change(1, kqueue.FilterUser, kqueue.EvAdd))
	caught(t, unix.SIGUSR1)
	path, file := newFile(t, 0)
	r, w := suite.Pipe(t)
	for range 50 {
		queue := newQueue(t)
		apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear), timer(1, 0, 0, 1),
			change(w, kqueue.FilterWrite, kqueue.EvAdd), change(1, kqueue.FilterUser, kqueue.EvAdd|kqueue.EvClear),
			noted(file, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteAttrib, 0),
			change(int(unix.SIGUSR1), kqueue.FilterSignal, kqueue.EvAdd))
		stop := waitUntilClosed(t, queue, 3, func(kqueue.Event) {})
		var makers sync.WaitGroup
		for _, do := range []func() error{
			func() error { return os.Chmod(path, 0o600) },
			func() error { return unix.Kill(os.Getpid(), unix.SIGUSR1) },
			func() error {
				_, err := queue.Control([]kqueue.Event{trigger(0, 0)}, nil, 0)
				if errors.Is(err, os.ErrClosed) {
					return nil
				}
				return err
			},
		} {
			makers.Go(func() { repeat(t, 20, do) })
		}
		time.Sleep(time.Millisecond)
		stop()
		makers.Wait()
	}
}

func repeat(t *testing.T, times int, do func() error) {
	for range times {
		if err := do(); err != nil {
			t.Error(err)
		}
	}
}

// TestChangesFromManyGoroutines checks that a queue works after concurrent changes.
func TestChangesFromManyGoroutines(t *testing.T) {
	queue := newQueue(t)
	var all sync.WaitGroup
	for i := range 6 {
		r, w := suite.Pipe(t)
		all.Go(func() {
			events := make([]kqueue.Event, 4)
			for j := range 300 {
				suite.Write(t, w)
				_, err := queue.Control([]kqueue.Event{
					change(r, kqueue.FilterRead, kqueue.EvAdd), change(w, kqueue.FilterWrite, kqueue.EvAdd|kqueue.EvOneShot),
					timer(i, kqueue.EvOneShot, 0, int64(j%2)),
				}, events, 0)
				if err != nil {
					t.Error(err)
				}
				apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvDelete))
				suite.Drain(t, r)
			}
		})
	}
	all.Wait()
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	add := change(r, kqueue.FilterRead, kqueue.EvAdd)
	add.Udata = 1
	apply(t, queue, add)
	for { // events of remaining one-shot registrations come first
		events := wait(t, queue, 4, soon)
		if len(events) == 0 {
			t.Fatal("a working event was not reported")
		}
		for _, event := range events {
			if event.Udata == 1 {
				return
			}
		}
	}
}

// TestForkStorm watches children that end while others start. Each is reported once.
func TestForkStorm(t *testing.T) {
	const makers, each = 3, 8
	queue := newQueue(t)
	var seen sync.Map
	count := make(chan struct{}, makers*each)
	stop := waitUntilClosed(t, queue, 3, func(event kqueue.Event) {
		if _, twice := seen.LoadOrStore(event.Ident, nil); twice || event.Fflags&kqueue.NoteExit == 0 {
			t.Errorf("%v was reported twice, or is not an exit", event)
		}
		count <- struct{}{}
	})
	var children []*child
	for range makers * each {
		children = append(children, startChild(t, 0))
	}
	var all sync.WaitGroup
	for i := range makers {
		all.Go(func() {
			for _, c := range children[i*each:][:each] {
				apply(t, queue, watchExit(c.pid()))
				c.exit(t)
			}
		})
	}
	all.Wait()
	for range makers * each {
		select {
		case <-count:
		case <-time.After(soon):
			t.Fatal("an exit was not reported")
		}
	}
	stop()
}
