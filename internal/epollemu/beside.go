//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"iomux/internal/sys"
	"iomux/kqueue"
)

// enter begins to take events. Its ticket is for isAlone.
func (s *set) enter() (ticket uint64) {
	ended := s.ended.Load()
	if begun := s.begun.Add(1); begun == ended+1 {
		return begun
	}
	return 0
}

func (s *set) leave() { s.ended.Add(1) }

// isAlone reports whether nothing else has taken events since the enter that returned the ticket.
// Registered Epolls are not counted, so it is false if there may be any.
func (s *set) isAlone(ticket uint64) bool {
	return ticket != 0 && s.begun.Load() == ticket && !s.nests.Load()
}

// attempts limits the attempts to take lasting events that other goroutines take as well.
const attempts = 16

// takeBeside takes events that another goroutine has taken from the kernel without having renewed
// their filters yet. A level-triggered event is for both. It tries again if a sleeper takes the
// renewed events as well.
func (e *Epoll) takeBeside(kevents []kqueue.Event, events []Event) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for range attempts {
		renewed := e.renewLasting()
		taken, err := e.queue.Control(nil, kevents, 0)
		if n := e.merge(kevents[:taken], events); n > 0 || err != nil || !renewed {
			return n, err
		}
	}
	return 0, nil
}

// renewLasting renews the filters of lasting conditions, also in registered Epolls. It skips
// descriptors without events according to poll(2), and reports whether any other exists, or a
// registered Epoll is ready. The caller holds the lock.
func (e *Epoll) renewLasting() (renewed bool) {
	e.pollFDs = e.pollFDs[:0]
	for fd, entry := range e.entries.All() {
		if entry.toRenew() != 0 { // some systems report an end as PollIn only
			e.pollFDs = append(e.pollFDs, sys.PollFD{FD: fd, Events: toPoll(entry.events) | sys.PollIn})
		}
	}
	pollAll(e.pollFDs)
	results := e.pollFDs
	for fd, entry := range e.entries.All() {
		if entry.kind == epoll && isReady(int(fd)) {
			renewed = true
		}
		if entry.toRenew() == 0 {
			continue
		}
		if results[0].Revents != 0 || results[0].FD == unpolled {
			e.renew(fd, entry, entry.toRenew())
			renewed = true
		}
		results = results[1:]
	}
	return renewed
}

// toRenew returns the filters that report a lasting condition only once, until they are renewed.
func (e *entry) toRenew() filterSet {
	if e.events&(ET|OneShot) != 0 {
		return 0
	}
	return e.attached &^ e.plain()
}
