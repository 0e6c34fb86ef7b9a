//go:build linux

package kqueueemu

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// signals is the source of FilterSignal. Each watched signal is caught once, for all queues.
type signals struct{}

// catch starts a goroutine that calls arrived with the number of times the signal arrived. The
// returned function stops it, but does not wait for a call in progress.
var catch = func(number syscall.Signal, arrived func(times int64)) (stop func()) {
	arrivals := make(chan os.Signal, 512)
	signal.Notify(arrivals, number)
	go func() {
		for range arrivals {
			arrived(1)
		}
	}()
	return func() {
		signal.Stop(arrivals)
		close(arrivals)
	}
}

// CatchSignalsBy replaces os/signal in a program where the Go runtime does not handle signals. It
// must be called before any signal is watched.
func CatchSignalsBy(other func(number syscall.Signal, arrived func(times int64)) (stop func())) {
	catch = other
}

// lastSignal is SIGRTMAX.
const lastSignal = 64

// subscriber is a registration that waits for a signal.
type subscriber struct {
	queue        *Queue
	registration *registration
}

// subscription is one watched signal.
type subscription struct {
	stop        func()
	subscribers []subscriber
	notified    []subscriber // buffer of arrived
}

var subscriptions = struct {
	sync.Mutex
	of map[syscall.Signal]*subscription
}{of: make(map[syscall.Signal]*subscription)}

func (signals) attach(q *Queue, _ int, r *registration) syscall.Errno {
	if r.ident < 1 || r.ident > lastSignal {
		return unix.EINVAL
	}
	r.signal = syscall.Signal(r.ident)
	r.flags |= kevent.Clear
	switch r.signal {
	case 32, 33, 34: // used by the C library; the Go runtime does not catch them
		return unix.EOPNOTSUPP
	}
	subscriptions.Lock()
	defer subscriptions.Unlock()
	s := subscriptions.of[r.signal]
	if s == nil {
		s = new(subscription)
		subscriptions.of[r.signal] = s
		s.stop = catch(r.signal, s.arrived)
	}
	s.subscribers = append(s.subscribers, subscriber{q, r})
	return 0
}

// arrived notifies all subscribers.
func (s *subscription) arrived(times int64) {
	subscriptions.Lock()
	s.notified = append(s.notified[:0], s.subscribers...)
	subscriptions.Unlock()
	for _, to := range s.notified {
		to.queue.arrived(to.registration, times)
	}
}

// arrived counts a signal of the registration.
func (q *Queue) arrived(r *registration, times int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.registrations[r.key] == r { // it may have been removed in the meantime
		r.count += times
		q.activate(r)
	}
}

func (signals) detach(_ *Queue, _ int, r *registration) syscall.Errno {
	subscriptions.Lock()
	defer subscriptions.Unlock()
	s := subscriptions.of[r.signal]
	s.subscribers = slices.DeleteFunc(s.subscribers, func(other subscriber) bool { return other.registration == r })
	if len(s.subscribers) == 0 {
		delete(subscriptions.of, r.signal)
		s.stop()
	}
	return 0
}

func (signals) touch(_ *Queue, _ int, r *registration, _ kevent.Event) syscall.Errno {
	r.flags |= kevent.Clear
	return 0
}

func (signals) enable(q *Queue, _ int, r *registration) syscall.Errno {
	if r.count > 0 {
		q.activate(r)
	}
	return 0
}

func (signals) fire(_ *Queue, r *registration, _ uint32) (report, bool, syscall.Errno) {
	count := r.count
	r.count = 0
	return report{data: count}, count > 0, 0
}

func (signals) reportAgain(*Queue, int, *registration) syscall.Errno { return 0 }
