//go:build linux

package knote

import (
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// signals is FilterSignal. The Go runtime has the handlers, so os/signal is asked, once for each signal that is watched.
type signals struct{}

// lastSignal is SIGRTMAX.
const lastSignal = 64

// subscriber is a note that wants to hear of a signal.
type subscriber struct {
	queue *Queue
	note  *note
}

// subscription is what is watched of one signal.
type subscription struct {
	arrivals    chan os.Signal
	subscribers []subscriber
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
		s = &subscription{arrivals: make(chan os.Signal, 512)}
		subscriptions.of[k.signal] = s
		signal.Notify(s.arrivals, k.signal)
		go s.distribute()
	}
	s.subscribers = append(s.subscribers, subscriber{q, k})
	return 0
}

// distribute tells all subscribers of every arrival, until the last of them has left.
func (s *subscription) distribute() {
	var current []subscriber
	for range s.arrivals {
		subscriptions.Lock()
		current = append(current[:0], s.subscribers...)
		subscriptions.Unlock()
		for _, to := range current {
			to.queue.arrived(to.note)
		}
	}
}

// arrived counts a signal.
func (q *Queue) arrived(k *note) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.notes[k.key] == k { // it may have been removed meanwhile
		k.count++
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
		signal.Stop(s.arrivals)
		close(s.arrivals)
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
