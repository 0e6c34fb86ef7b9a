package main

import (
	"time"

	"iomux/poll"
	"iomux/selectfd"
)

// selectStates is what each of the three sets of select(2) is asked for.
var selectStates = [3]states{readable, writable, priority}

type selectWaiter struct {
	want  map[int]states
	sets  [3]selectfd.Set
	ready []event
}

func newSelectWaiter() (waiter, error) { return &selectWaiter{want: map[int]states{}}, nil }

func (w *selectWaiter) set(fd int, want states, _ bool) error {
	w.want[fd] = want
	return nil
}

func (w *selectWaiter) drop(fd int) error {
	delete(w.want, fd)
	return nil
}

func (w *selectWaiter) wait(timeout time.Duration) ([]event, error) {
	for i := range w.sets {
		w.sets[i].Clear()
		for fd, want := range w.want {
			if want&selectStates[i] != 0 {
				w.sets[i].Add(fd)
			}
		}
	}
	n, err := selectfd.Wait(&w.sets[0], &w.sets[1], &w.sets[2], timeout)
	w.ready = w.ready[:0]
	if err != nil || n == 0 {
		return nil, err
	}
	return w.collect()
}

// collect makes events of the sets. select(2) calls a hang-up and an error readable or writable, so a poll(2) that does not
// wait looks closer.
func (w *selectWaiter) collect() ([]event, error) {
	var look []poll.FD
	for fd, want := range w.want {
		var ready states
		for i := range w.sets {
			if w.sets[i].Has(fd) {
				ready |= selectStates[i]
			}
		}
		if ready != 0 {
			w.ready = append(w.ready, event{fd, ready})
			look = append(look, poll.FD{FD: int32(fd), Events: pollEvents(want)})
		}
	}
	if _, err := poll.Wait(look, 0); err != nil {
		return nil, err
	}
	for i, fd := range look {
		if fd.Revents != 0 {
			w.ready[i].ready = toStates(pollStates, fd.Revents)
		}
	}
	return w.ready, nil
}
