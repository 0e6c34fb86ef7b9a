//go:build linux

package kqueueemu

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// signals is FilterSignal. Who has the handlers is asked once for each signal that is watched.
type signals struct{}

// catch begins to call arrived with the number of times that the signal came, from one goroutine, and returns what ends that; a
// last call may then be under way.
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

// CatchSignalsBy replaces os/signal, before any signal is watched, in a program whose signals are not the Go runtime's.
func CatchSignalsBy(other func(number syscall.Signal, arrived func(times int64)) (stop func())) {
	catch = other
}

// lastSignal is SIGRTMAX.
const lastSignal = 64

// subscriber is a note that wants to hear of a signal.
type subscriber struct {
	queue *Queue
	note  *note
}

// subscription is what is watched of one signal.
type subscription struct {
	stop        func()
	subscribers []subscriber
	told        []subscriber // kept from one arrival to the next
}

var subscriptions = struct {
	sync.Mutex
	of map[syscall.Signal]*subscription
}{of: make(map[syscall.Signal]*subscription)}

func (signals) attach(q *Queue, _ int, k *note) syscall.Errno {
	if k.ident < 1 || k.ident > lastSignal {
		return unix.EINVAL
	}
	k.signal = syscall.Signal(k.ident)
	k.flags |= evClear
	switch k.signal {
	case 32, 33, 34: // the C library's own, which the Go runtime leaves to it
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

// arrived tells all subscribers.
func (s *subscription) arrived(times int64) {
	subscriptions.Lock()
	s.told = append(s.told[:0], s.subscribers...)
	subscriptions.Unlock()
	for _, to := range s.told {
		to.queue.arrived(to.note, times)
	}
}

// arrived counts a signal.
func (q *Queue) arrived(k *note, times int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.notes[k.key] == k { // it may have been removed meanwhile
		k.count += times
		q.activate(k)
	}
}

func (signals) detach(_ *Queue, _ int, k *note) syscall.Errno {
	subscriptions.Lock()
	defer subscriptions.Unlock()
	s := subscriptions.of[k.signal]
	s.subscribers = slices.DeleteFunc(s.subscribers, func(other subscriber) bool { return other.note == k })
	if len(s.subscribers) == 0 {
		delete(subscriptions.of, k.signal)
		s.stop()
	}
	return 0
}

func (signals) touch(_ *Queue, _ int, k *note, _ Event) syscall.Errno {
	k.flags |= evClear
	return 0
}

func (signals) enable(q *Queue, _ int, k *note) syscall.Errno {
	if k.count > 0 {
		q.activate(k)
	}
	return 0
}

func (signals) fire(_ *Queue, k *note, _ uint32) (report, bool) {
	count := k.count
	k.count = 0
	return report{data: count}, count > 0
}

func (signals) again(*Queue, int, *note) syscall.Errno { return 0 }
