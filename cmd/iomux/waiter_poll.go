package main

import (
	"time"

	"iomux/poll"
)

var pollStates = []translation[poll.Events]{
	{readable, poll.In},
	{writable, poll.Out},
	{priority, poll.Pri},
	{hangup, poll.Hup},
	{faulty, poll.Err},
	{notOpen, poll.Nval},
	{readHangup, poll.RdHup},
}

// tellsReadHangup is whether this system's poll(2) knows POLLRDHUP. Elsewhere the end of what a socket's peer sends is
// readable, and no more.
func tellsReadHangup() bool {
	_, err := poll.Wait([]poll.FD{{FD: -1, Events: poll.RdHup}}, 0)
	return err == nil
}

// pollEvents is what to ask poll(2) for.
func pollEvents(want states) poll.Events {
	if want&readHangup != 0 && !tellsReadHangup() {
		want &^= readHangup
	}
	return toEvents(pollStates, want)
}

type pollWaiter struct {
	poller *poll.Poller
	events [eventRoom]poll.Event
	ready  []event
}

func newPollWaiter() (waiter, error) { return &pollWaiter{poller: poll.New()}, nil }

func (w *pollWaiter) set(fd int, want states, _ bool) error {
	return w.poller.Register(fd, pollEvents(want))
}

func (w *pollWaiter) drop(fd int) error { return w.poller.Unregister(fd) }

func (w *pollWaiter) wait(timeout time.Duration) ([]event, error) {
	n, err := w.poller.Poll(w.events[:], timeout)
	w.ready = w.ready[:0]
	for _, e := range w.events[:n] {
		w.ready = append(w.ready, event{e.FD, toStates(pollStates, e.Events)})
	}
	return w.ready, err
}
