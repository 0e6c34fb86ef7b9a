//go:build linux

package rival

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"iomux"
)

const (
	contenders = 64 // goroutines of ManyGoroutines
	watchers   = 8  // goroutines that wait meanwhile
)

// contend registers, modifies and unregisters descriptors that are never ready, in one goroutine or
// in many. Other goroutines wait meanwhile. If numbers[0] is 1, x/sys calls the kernel's epoll
// instead of a Poller.
func contend(who string, numbers []int) (work, error) {
	fds, err := eventfds(contenders, 0)
	if err != nil {
		return nil, err
	}
	cycle, err := pollerCycle()
	if numbers[0] == 1 {
		cycle, err = kernelCycle(watchers)
	}
	workers := 1
	if who == ManyGoroutines {
		workers = contenders
	}
	return func(n int) map[string]float64 {
		var left atomic.Int64
		left.Store(int64(n))
		var group sync.WaitGroup
		for _, fd := range fds[:workers] {
			group.Go(func() {
				for left.Add(-1) >= 0 {
					cycle(fd)
				}
			})
		}
		group.Wait()
		return nil
	}, err
}

func pollerCycle() (func(fd int), error) {
	p, err := iomux.New[int]()
	if err != nil {
		return nil, err
	}
	for range watchers {
		go func() {
			_, err := p.Wait(context.Background(), make([]iomux.Event[int], 8))
			must(err)
		}()
	}
	return func(fd int) {
		registration, err := p.RegisterFD(fd, iomux.Readable, fd)
		must(err)
		must(registration.Modify(iomux.Readable | iomux.OneShot))
		must(registration.Unregister())
	}, nil
}

func kernelCycle(watchers int) (func(fd int), error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	for range watchers {
		go func() {
			_, err := uninterrupted(func() (int, error) { return unix.EpollWait(epfd, make([]unix.EpollEvent, 8), -1) })()
			must(err)
		}()
	}
	return func(fd int) {
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
		must(unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &event))
		event.Events |= unix.EPOLLONESHOT
		must(unix.EpollCtl(epfd, unix.EPOLL_CTL_MOD, fd, &event))
		must(unix.EpollCtl(epfd, unix.EPOLL_CTL_DEL, fd, nil))
	}, nil
}
