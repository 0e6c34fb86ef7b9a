//go:build linux

package rival

import (
	"context"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/epoll"
	"iomux/internal/sys"
	"iomux/poll"
	"iomux/selectfd"
)

// eventfds returns n eventfds. The last ones are readable.
func eventfds(n, readable int) ([]int, error) {
	fds := make([]int, n)
	for i := range fds {
		initial := uint(0)
		if i >= n-readable {
			initial = 1
		}
		var err error
		if fds[i], err = unix.Eventfd(initial, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
			return nil, err
		}
	}
	return fds, nil
}

// ready waits on an epoll with a timeout of 0. One of its descriptors is ready.
func ready(who string, numbers []int) (work, error) {
	fds, err := eventfds(numbers[0], 1)
	if err != nil {
		return nil, err
	}
	wait, err := waiter(who, fds, 64, 0)
	if err != nil {
		return nil, err
	}
	return repeat(1, wait), nil
}

// repeat returns work that repeats a wait. Each wait must report the wanted number of events.
func repeat(want int, wait func() (int, error)) work {
	return func(n int) map[string]float64 {
		for range n {
			ready, err := wait()
			if ready != want || err != nil {
				expect(want, ready, err)
			}
		}
		return nil
	}
}

// waiter returns a wait for one of fds to become readable, using epoll.
func waiter(who string, fds []int, room int, timeout time.Duration) (func() (int, error), error) {
	switch who {
	case Raw, XSys:
		epfd, err := kernelEpoll(fds)
		events := make([]unix.EpollEvent, room)
		if who == XSys {
			return uninterrupted(func() (int, error) { return unix.EpollWait(epfd, events, milliseconds(timeout)) }), err
		}
		if timeout != 0 {
			return uninterrupted(func() (int, error) { return errnoless(blockingEpollWait(epfd, events)) }), err
		}
		return func() (int, error) { return errnoless(rawEpollWait(epfd, events)) }, err
	case Epoll:
		p, err := epoll.New()
		for i := 0; i < len(fds) && err == nil; i++ {
			err = p.Register(fds[i], epoll.In)
		}
		events := make([]epoll.Event, room)
		return func() (int, error) { return p.Poll(events, timeout) }, err
	case Poller, Blocking:
		p, err := newPoller(who, fds)
		events := make([]iomux.Event[int], room)
		if timeout < 0 {
			return func() (int, error) { return p.Wait(context.Background(), events) }, err
		}
		return func() (int, error) { return p.WaitTimeout(events, timeout) }, err
	}
	return nil, errUnknown
}

// uninterrupted repeats a wait that a signal has interrupted. The Go runtime sends signals to
// preempt goroutines.
func uninterrupted(wait func() (int, error)) func() (int, error) {
	return func() (int, error) {
		for {
			if n, err := wait(); err != unix.EINTR {
				return n, err
			}
		}
	}
}

func milliseconds(timeout time.Duration) int {
	if timeout < 0 {
		return -1
	}
	return int((timeout + time.Millisecond - 1) / time.Millisecond)
}

func newPoller(who string, fds []int) (*iomux.Poller[int], error) {
	var options []iomux.Option
	if who == Blocking {
		options = append(options, iomux.WithBlocking())
	}
	p, err := iomux.New[int](options...)
	for i := 0; i < len(fds) && err == nil; i++ {
		_, err = p.RegisterFD(fds[i], iomux.Readable, i)
	}
	return p, err
}

// kernelEpoll makes an epoll whose events carry the index in fds.
func kernelEpoll(fds []int) (int, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	for i := 0; i < len(fds) && err == nil; i++ {
		err = unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fds[i], &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)})
	}
	return epfd, err
}

func rawEpollWait(epfd int, events []unix.EpollEvent) (uintptr, unix.Errno) {
	n, _, errno := unix.RawSyscall6(waitNumber, uintptr(epfd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	return n, errno
}

func blockingEpollWait(epfd int, events []unix.EpollEvent) (uintptr, unix.Errno) {
	n, _, errno := unix.Syscall6(waitNumber, uintptr(epfd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), ^uintptr(0), 0, 0)
	return n, errno
}

func errnoless(n uintptr, errno unix.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// change adds and removes a registration.
func change(who string, _ []int) (work, error) {
	return changes(who, false)
}

// modify modifies a registration.
func modify(who string, _ []int) (work, error) {
	return changes(who, true)
}

func changes(who string, onlyModify bool) (work, error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, err
	}
	switch fd := ends[0]; who {
	case Raw, XSys:
		return kernelChanges(who, fd, onlyModify)
	case Epoll:
		return epollChanges(fd, onlyModify)
	case Poller:
		return pollerChanges(fd, onlyModify)
	}
	return nil, errUnknown
}

// kernelChanges and the functions after it call the packages in a loop, without a closure, as in C.
func kernelChanges(who string, fd int, onlyModify bool) (work, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN}
	operations := []int{unix.EPOLL_CTL_ADD, unix.EPOLL_CTL_DEL}
	if onlyModify {
		operations = []int{unix.EPOLL_CTL_MOD}
		err = unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &event)
	}
	return func(n int) map[string]float64 {
		for range n {
			for _, op := range operations {
				if who == XSys {
					must(unix.EpollCtl(epfd, op, fd, &event))
					continue
				}
				_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(epfd), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&event)), 0, 0)
				if errno != 0 {
					must(errno)
				}
			}
		}
		return nil
	}, err
}

func epollChanges(fd int, onlyModify bool) (work, error) {
	p, err := epoll.New()
	if err == nil && onlyModify {
		err = p.Register(fd, epoll.In)
	}
	return func(n int) map[string]float64 {
		for range n {
			if onlyModify {
				must(p.Modify(fd, epoll.In))
				continue
			}
			must(p.Register(fd, epoll.In))
			must(p.Unregister(fd))
		}
		return nil
	}, err
}

func pollerChanges(fd int, onlyModify bool) (work, error) {
	p, err := iomux.New[int]()
	if err != nil {
		return nil, err
	}
	registration, err := p.RegisterFD(fd, iomux.Readable, fd)
	if !onlyModify && err == nil {
		err = registration.Unregister()
	}
	return func(n int) map[string]float64 {
		for range n {
			if onlyModify {
				must(registration.Modify(iomux.Readable))
				continue
			}
			registration, err := p.RegisterFD(fd, iomux.Readable, fd)
			must(err)
			must(registration.Unregister())
		}
		return nil
	}, err
}

// polls calls poll(2) with a timeout of 0. The last descriptor is ready.
func polls(who string, numbers []int) (work, error) {
	fds, err := eventfds(numbers[0], 1)
	if err != nil {
		return nil, err
	}
	if who == PollObject {
		wait, err := pollWait(who, fds)
		return repeat(1, wait), err
	}
	list := pollList(fds)
	first := unsafe.Pointer(unsafe.SliceData(list))
	kernel, library := unsafe.Slice((*sys.PollFD)(first), len(list)), unsafe.Slice((*unix.PollFd)(first), len(list))
	return func(n int) map[string]float64 {
		for range n { // no closure for each call, as in C
			var ready int
			var err error
			switch who {
			case Raw:
				var errno unix.Errno
				ready, errno = sys.Poll(kernel, 0)
				ready, err = errnoless(uintptr(ready), errno)
			case XSys:
				ready, err = unix.Poll(library, 0)
			default:
				ready, err = poll.Wait(list, 0)
			}
			if ready != 1 || err != nil {
				expect(1, ready, err)
			}
		}
		return nil
	}, nil
}

func pollList(fds []int) []poll.FD {
	list := make([]poll.FD, len(fds))
	for i, fd := range fds {
		list[i] = poll.FD{FD: int32(fd), Events: poll.In}
	}
	return list
}

func pollWait(who string, fds []int) (func() (int, error), error) {
	list := pollList(fds)
	switch first := unsafe.Pointer(&list[0]); who {
	case Raw:
		kernel := unsafe.Slice((*sys.PollFD)(first), len(list))
		return func() (int, error) {
			n, errno := sys.Poll(kernel, 0)
			return errnoless(uintptr(n), errno)
		}, nil
	case XSys:
		kernel := unsafe.Slice((*unix.PollFd)(first), len(list))
		return func() (int, error) { return unix.Poll(kernel, 0) }, nil
	case Poll:
		return func() (int, error) { return poll.Wait(list, 0) }, nil
	case PollObject:
		p, events := poll.New(), make([]poll.Event, len(fds))
		for _, fd := range fds {
			if err := p.Register(fd, poll.In); err != nil {
				return nil, err
			}
		}
		return func() (int, error) { return p.Poll(events, 0) }, nil
	}
	return nil, errUnknown
}

// selects calls select(2) with a timeout of 0. The last descriptor is ready. For raw and x/sys, the
// set of each call is a copy of a filled one, as in C.
func selects(who string, numbers []int) (work, error) {
	fds, err := eventfds(numbers[0], 1)
	if err != nil {
		return nil, err
	}
	wait, err := selectWait(who, fds)
	return repeat(1, wait), err
}

func selectWait(who string, fds []int) (func() (int, error), error) {
	highest := fds[len(fds)-1]
	switch who {
	case Raw, XSys:
		if highest >= unix.FD_SETSIZE {
			return nil, unix.EINVAL // an FdSet has no room for it
		}
		var full, set unix.FdSet
		for _, fd := range fds {
			full.Set(fd)
		}
		if who == XSys {
			return func() (int, error) {
				set = full
				return unix.Select(highest+1, &set, nil, nil, &unix.Timeval{})
			}, nil
		}
		return func() (int, error) {
			set = full
			n, _, errno := unix.RawSyscall6(unix.SYS_PSELECT6, uintptr(highest+1), uintptr(unsafe.Pointer(&set)), 0, 0,
				uintptr(unsafe.Pointer(&unix.Timespec{})), 0)
			return errnoless(n, errno)
		}, nil
	case Select:
		var set selectfd.Set
		return func() (int, error) {
			for _, fd := range fds {
				set.Add(fd)
			}
			return selectfd.Wait(&set, nil, nil, 0)
		}, nil
	case SelectList:
		return func() (int, error) {
			r, _, _, err := selectfd.Select(fds, nil, nil, 0)
			return len(r), err
		}, nil
	}
	return nil, errUnknown
}

// some waits on n descriptors. Several of them are ready.
func some(who string, numbers []int) (work, error) {
	fds, err := eventfds(numbers[0], numbers[1])
	if err != nil {
		return nil, err
	}
	var wait func() (int, error)
	switch who {
	case Poll, PollObject:
		wait, err = pollWait(who, fds)
	case Select:
		wait, err = selectWait(who, fds)
	default:
		wait, err = waiter(who, fds, len(fds), 0)
	}
	return repeat(numbers[1], wait), err
}
