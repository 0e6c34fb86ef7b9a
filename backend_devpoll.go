package iomux

import (
	"errors"
	"time"

	"iomux/devpoll"
	"iomux/poll"
)

// newDevpollBackend makes the backend of /dev/poll, or of its emulation: that of poll(2) with another list.
func newDevpollBackend() (backend, error) {
	set, err := devpoll.New()
	if err != nil {
		return nil, err
	}
	b, err := newPollBackend(&devpollList{Poller: set}, true)
	if err != nil {
		return nil, errors.Join(err, set.Close())
	}
	return b, nil
}

// devpollList is a /dev/poll object that speaks of events as package poll does. Their numbers are the same.
type devpollList struct {
	*devpoll.Poller
	spare spare[devpoll.Event]
}

func (l *devpollList) Register(fd int, events poll.Events) error {
	return l.Poller.Register(fd, devpoll.Events(events))
}

func (l *devpollList) Poll(events []poll.Event, timeout time.Duration) (int, error) {
	told := l.spare.take(len(events))
	n, err := l.Poller.Poll(told, timeout)
	for i, event := range told[:n] {
		events[i] = poll.Event{FD: event.FD, Events: poll.Events(event.Events)}
	}
	l.spare.giveBack(told)
	return n, err
}
