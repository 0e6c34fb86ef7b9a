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

// subscriber is a knote that waits for a signal.
type subscriber struct {
	queue *Queue
	knote *knote
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

func (signals) attach(q *Queue, _ int, k *knote) syscall.Errno {
	if k.ident < 1 || k.ident > lastSignal {
		return unix.EINVAL
	}
	k.signal = syscall.Signal(k.ident)
	k.flags |= kevent.Clear
	switch k.signal {
	case 32, 33, 34: // used by the C library; the Go runtime does not catch them
		return unix.EOPNOTSUPP
	}
	subscriptions.Lock()
	defer subscriptions.Unlock()
	s := subscriptions.of[k.signal]
	if s == nil {
		s = new(subscription)
		subscriptions.of[k.signal] = s
		s.stop = catch(k.signal, s.arrived)
	}
	s.subscribers = append(s.subscribers, subscriber{q, k})
	return 0
}

// arrived notifies all subscribers.
func (s *subscription) arrived(times int64) {
	subscriptions.Lock()
	s.notified = append(s.notified[:0], s.subscribers...)
	subscriptions.Unlock()
	for _, to := range s.notified {
		to.queue.arrived(to.knote, times)
	}
}

// arrived counts a signal of the knote.
func (q *Queue) arrived(k *knote, times int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.knotes[k.key] == k { // it may have been removed in the meantime
		k.count += times
		q.activate(k)
	}
}

func (signals) detach(_ *Queue, _ int, k *knote) syscall.Errno {
	subscriptions.Lock()
	defer subscriptions.Unlock()
	s := subscriptions.of[k.signal]
	s.subscribers = slices.DeleteFunc(s.subscribers, func(other subscriber) bool { return other.knote == k })
	if len(s.subscribers) == 0 {
		delete(subscriptions.of, k.signal)
		s.stop()
	}
	return 0
}

func (signals) touch(_ *Queue, _ int, k *knote, _ kevent.Event) syscall.Errno {
	k.flags |= kevent.Clear
	return 0
}

func (signals) enable(q *Queue, _ int, k *knote) syscall.Errno {
	if k.count > 0 {
		q.activate(k)
	}
	return 0
}

func (signals) fire(_ *Queue, k *knote, _ uint32) (report, bool, syscall.Errno) {
	count := k.count
	k.count = 0
	return report{data: count}, count > 0, 0
}

func (signals) again(*Queue, int, *knote) syscall.Errno { return 0 }
