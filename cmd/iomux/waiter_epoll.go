package main

import (
	"errors"
	"syscall"
	"time"

	"iomux/epoll"
)

var epollStates = []translation[epoll.Events]{
	{readable, epoll.In},
	{writable, epoll.Out},
	{priority, epoll.Pri},
	{readHangup, epoll.RdHup},
	{hangup, epoll.Hup},
	{faulty, epoll.Err},
}

type epollWaiter struct {
	poller     *epoll.Poller
	registered map[int]bool
	events     [eventRoom]epoll.Event
	ready      []event
}

func newEpollWaiter() (waiter, error) {
	poller, err := epoll.New()
	if err != nil {
		return nil, err
	}
	return &epollWaiter{poller: poller, registered: map[int]bool{}}, nil
}

func (w *epollWaiter) set(fd int, want states, edge bool) error {
	events := toEvents(epollStates, want)
	if edge {
		events |= epoll.ET
	}
	if w.registered[fd] {
		return w.poller.Modify(fd, events)
	}
	err := w.poller.Register(fd, events)
	if errors.Is(err, syscall.EPERM) {
		return errAlwaysReady
	}
	w.registered[fd] = err == nil
	return err
}

func (w *epollWaiter) drop(fd int) error {
	delete(w.registered, fd)
	return w.poller.Unregister(fd)
}

func (w *epollWaiter) wait(timeout time.Duration) ([]event, error) {
	n, err := w.poller.Poll(w.events[:], timeout)
	w.ready = w.ready[:0]
	for _, e := range w.events[:n] {
		w.ready = append(w.ready, event{int(e.FD), toStates(epollStates, e.Events)})
	}
	return w.ready, err
}
