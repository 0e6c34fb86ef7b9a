package measure

import (
	"slices"
	"time"

	"iomux"
	"iomux/devpoll"
	"iomux/epoll"
	"iomux/kqueue"
	"iomux/poll"
	"iomux/selectfd"
)

// waiter waits with one mechanism for readable descriptors, as a program would use the package. It
// returns the indexes of the descriptors in the list that it was opened with.
type waiter interface {
	// wait returns the ready descriptors in a list that is valid until the next wait. A
	// negative timeout blocks.
	wait(timeout time.Duration) ([]int, error)
	close() error
}

// indexes maps a descriptor to its index.
type indexes []int

func indexesOf(fds []int) indexes {
	if len(fds) == 0 {
		return nil
	}
	of := make(indexes, slices.Max(fds)+1)
	for i, fd := range fds {
		of[fd] = i
	}
	return of
}

type selectWaiter struct {
	fds     []int
	indexes indexes
	set     selectfd.Set
	ready   []int
}

func openSelect(fds []int) (waiter, error) {
	return &selectWaiter{fds: fds, indexes: indexesOf(fds), ready: make([]int, 0, len(fds))}, nil
}

func (s *selectWaiter) wait(timeout time.Duration) ([]int, error) {
	for _, fd := range s.fds { // the last wait left only the ready ones
		s.set.Add(fd)
	}
	_, err := selectfd.Wait(&s.set, nil, nil, timeout)
	s.ready = s.ready[:0]
	if err != nil {
		return nil, err
	}
	for fd := range s.set.All() {
		s.ready = append(s.ready, s.indexes[fd])
	}
	return s.ready, nil
}

func (s *selectWaiter) close() error { return nil }

type pollWaiter struct {
	poller  *poll.Poller
	indexes indexes
	events  []poll.Event
	ready   []int
}

func openPoll(fds []int) (waiter, error) {
	p := &pollWaiter{poller: poll.New(), indexes: indexesOf(fds), events: make([]poll.Event, room(fds)), ready: make([]int, room(fds))}
	for _, fd := range fds {
		if err := p.poller.Register(fd, poll.In); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *pollWaiter) wait(timeout time.Duration) ([]int, error) {
	n, err := p.poller.Poll(p.events, timeout)
	for i, event := range p.events[:n] {
		p.ready[i] = p.indexes[event.FD]
	}
	return p.ready[:n], err
}

func (p *pollWaiter) close() error { return nil }

type epollWaiter struct {
	poller *epoll.Poller
	events []epoll.Event
	ready  []int
}

func openEpoll(fds []int) (waiter, error) {
	poller, err := epoll.New()
	if err != nil {
		return nil, err
	}
	for i, fd := range fds {
		if err := poller.RegisterTag(fd, epoll.In, uint32(i)); err != nil {
			_ = poller.Close()
			return nil, err
		}
	}
	return &epollWaiter{poller: poller, events: make([]epoll.Event, room(fds)), ready: make([]int, room(fds))}, nil
}

func (e *epollWaiter) wait(timeout time.Duration) ([]int, error) {
	n, err := e.poller.Poll(e.events, timeout)
	for i, event := range e.events[:n] {
		e.ready[i] = int(event.Tag)
	}
	return e.ready[:n], err
}

func (e *epollWaiter) close() error { return e.poller.Close() }

type kqueueWaiter struct {
	queue  *kqueue.Queue
	events []kqueue.Event
	ready  []int
}

func openKqueue(fds []int) (waiter, error) {
	queue, err := kqueue.New()
	if err != nil {
		return nil, err
	}
	changes := make([]kqueue.Event, len(fds))
	for i, fd := range fds {
		changes[i] = kqueue.NewEvent(uint64(fd))
		changes[i].Udata = uint64(i)
	}
	if _, err := queue.Control(changes, nil, 0); err != nil {
		_ = queue.Close()
		return nil, err
	}
	return &kqueueWaiter{queue: queue, events: make([]kqueue.Event, room(fds)), ready: make([]int, room(fds))}, nil
}

func (k *kqueueWaiter) wait(timeout time.Duration) ([]int, error) {
	n, err := k.queue.Control(nil, k.events, timeout)
	for i, event := range k.events[:n] {
		k.ready[i] = int(event.Udata)
	}
	return k.ready[:n], err
}

func (k *kqueueWaiter) close() error { return k.queue.Close() }

type devpollWaiter struct {
	poller  *devpoll.Poller
	indexes indexes
	events  []devpoll.Event
	ready   []int
}

func openDevpoll(fds []int) (waiter, error) {
	poller, err := devpoll.New()
	if err != nil {
		return nil, err
	}
	for _, fd := range fds {
		if err := poller.Register(fd, devpoll.In); err != nil {
			_ = poller.Close()
			return nil, err
		}
	}
	return &devpollWaiter{poller: poller, indexes: indexesOf(fds), events: make([]devpoll.Event, room(fds)), ready: make([]int, room(fds))}, nil
}

func (d *devpollWaiter) wait(timeout time.Duration) ([]int, error) {
	n, err := d.poller.Poll(d.events, timeout)
	for i, event := range d.events[:n] {
		d.ready[i] = d.indexes[event.FD]
	}
	return d.ready[:n], err
}

func (d *devpollWaiter) close() error { return d.poller.Close() }

type pollerWaiter struct {
	poller *iomux.Poller[int]
	events []iomux.Event[int]
	ready  []int
}

func openPoller(fds []int) (waiter, error) {
	poller, err := iomux.New[int]()
	if err != nil {
		return nil, err
	}
	for i, fd := range fds {
		if _, err := poller.RegisterFD(fd, iomux.Readable, i); err != nil {
			_ = poller.Close()
			return nil, err
		}
	}
	return &pollerWaiter{poller: poller, events: make([]iomux.Event[int], room(fds)), ready: make([]int, room(fds))}, nil
}

func (p *pollerWaiter) wait(timeout time.Duration) ([]int, error) {
	n, err := p.poller.WaitTimeout(p.events, timeout)
	for i, event := range p.events[:n] {
		p.ready[i] = event.Key
	}
	return p.ready[:n], err
}

func (p *pollerWaiter) close() error { return p.poller.Close() }

// room returns the length of the list of events. It has room for all descriptors, so that one wait
// returns every event.
func room(fds []int) int { return max(1, len(fds)) }
