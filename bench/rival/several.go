//go:build linux

package rival

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"iomux"
)

// severalRoom is the largest number of events that one wait returns, as in waits.c.
const severalRoom = 16

// several starts numbers[1] goroutines that wait on one set of numbers[0] one-shot descriptors.
// They read the descriptor of each event and arm it again. All descriptors are always readable.
func several(who string, numbers []int) (work, error) {
	fds, err := counters(numbers[0])
	if err != nil {
		return nil, err
	}
	var loop func(left *atomic.Int64)
	switch who {
	case Poller, Blocking:
		loop, err = severalPoller(who, fds)
	case XSys:
		loop, err = severalKernel(fds)
	default:
		err = errUnknown
	}
	return func(n int) map[string]float64 {
		var left atomic.Int64
		left.Store(int64(n))
		var group sync.WaitGroup
		for range numbers[1] {
			group.Go(func() { loop(&left) })
		}
		group.Wait()
		return nil
	}, err
}

// counters returns n eventfds that stay readable for 2³²−2 reads.
func counters(n int) ([]int, error) {
	fds := make([]int, n)
	for i := range fds {
		var err error
		fds[i], err = unix.Eventfd(1<<32-2, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK|unix.EFD_SEMAPHORE)
		if err != nil {
			return nil, err
		}
	}
	return fds, nil
}

func severalPoller(who string, fds []int) (func(*atomic.Int64), error) {
	p, err := newPoller(who, nil)
	if err != nil {
		return nil, err
	}
	registrations := make([]*iomux.Registration[int], len(fds))
	for i, fd := range fds {
		if registrations[i], err = p.RegisterFD(fd, iomux.Readable|iomux.OneShot, i); err != nil {
			return nil, err
		}
	}
	return func(left *atomic.Int64) {
		events := make([]iomux.Event[int], severalRoom)
		for left.Load() > 0 {
			n, err := p.Wait(context.Background(), events)
			must(err)
			for _, event := range events[:n] {
				_, err := rawRead(fds[event.Key])
				must(err)
				must(registrations[event.Key].Modify(iomux.Readable | iomux.OneShot))
			}
			left.Add(int64(-n))
		}
	}, nil
}

func severalKernel(fds []int) (func(*atomic.Int64), error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	arm := func(op, i int) error {
		event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT, Fd: int32(i)}
		return unix.EpollCtl(epfd, op, fds[i], &event)
	}
	for i := range fds {
		if err := arm(unix.EPOLL_CTL_ADD, i); err != nil {
			return nil, err
		}
	}
	return func(left *atomic.Int64) {
		events := make([]unix.EpollEvent, severalRoom)
		wait := uninterrupted(func() (int, error) { return unix.EpollWait(epfd, events, -1) })
		for left.Load() > 0 {
			n, err := wait()
			must(err)
			for _, event := range events[:n] {
				_, err := rawRead(fds[event.Fd])
				must(err)
				must(arm(unix.EPOLL_CTL_MOD, int(event.Fd)))
			}
			left.Add(int64(-n))
		}
	}, nil
}
