package backend

import (
	"time"

	"iomux/devpoll"
	"iomux/internal/freelist"
	"iomux/poll"
)

// NewDevPoll returns the backend of /dev/poll or its emulation: a pollBackend with another list.
func NewDevPoll() (Backend, error) {
	set, err := devpoll.New()
	if err != nil {
		return nil, err
	}
	b, err := newPoll(&devpollList{Poller: set}, true)
	if err != nil {
		_ = set.Close() // the first error matters more
		return nil, err
	}
	return b, nil
}

// devpollList is a devpoll.Poller with the types of package poll. The numbers of the events are the
// same.
type devpollList struct {
	*devpoll.Poller
	rooms freelist.Slices[devpoll.Event]
}

func (l *devpollList) Register(fd int, events poll.Events) error {
	return l.Poller.Register(fd, devpoll.Events(events))
}

func (l *devpollList) Poll(events []poll.Event, timeout time.Duration) (int, error) {
	ready := l.rooms.Get(len(events))
	defer l.rooms.Put(ready)
	n, err := l.Poller.Poll(ready, timeout)
	for i, event := range ready[:n] {
		events[i] = poll.Event{FD: event.FD, Events: poll.Events(event.Events)}
	}
	return n, err
}
