//go:build linux

package rival

import (
	"iomux/internal/epollemu"
	"iomux/kqueue"
)

// queues waits on a kqueue or an epoll without sleeping, with numbers[0] of 64 descriptors ready.
func queues(who string, numbers []int) (work, error) {
	fds, err := eventfds(64, numbers[0])
	if err != nil {
		return nil, err
	}
	if who != Kqueue {
		wait, err := waiter(who, fds, 64, 0)
		return repeat(numbers[0], wait), err
	}
	queue, err := kqueue.New()
	if err != nil {
		return nil, err
	}
	for _, fd := range fds {
		change := []kqueue.Event{kqueue.NewEvent(uint64(fd))}
		if _, err := queue.Control(change, nil, 0); err != nil {
			return nil, err
		}
	}
	events := make([]kqueue.Event, 64)
	return repeat(numbers[0], func() (int, error) { return queue.Control(nil, events, 0) }), nil
}

// stacked waits without sleeping on the emulation of epoll over a kqueue, and on the kqueue alone.
// One of 64 descriptors is ready.
func stacked(who string, _ []int) (work, error) {
	if who == Kqueue {
		return queues(who, []int{1})
	}
	fds, err := eventfds(64, 1)
	if err != nil {
		return nil, err
	}
	e, err := epollemu.New()
	for i := 0; i < len(fds) && err == nil; i++ {
		err = e.Add(fds[i], epollemu.In, 0)
	}
	events := make([]epollemu.Event, 64)
	return repeat(1, func() (int, error) { return e.Take(events, 0) }), err
}
