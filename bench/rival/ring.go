//go:build linux

package rival

import (
	"context"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/descriptor"
	"iomux/epoll"
)

// pipes returns the ends of n non-blocking pipes.
func pipes(n int) (r, w []int, err error) {
	for range n {
		var ends [2]int
		if err := unix.Pipe2(ends[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
			return nil, nil, err
		}
		r, w = append(r, ends[0]), append(w, ends[1])
	}
	return r, w, nil
}

var eight = make([]byte, 8)

func rawRead(fd int) (int, error) {
	n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&eight[0])), 8)
	return errnoless(n, errno)
}

func rawWrite(fd int) (int, error) {
	n, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&eight[0])), 8)
	return errnoless(n, errno)
}

// ring runs libevent's workload. One of n pipes in a ring is active: its data is read and written
// to the next pipe.
func ring(who string, numbers []int) (work, error) {
	count := numbers[0]
	if who == Goroutines {
		return goroutineRing(count)
	}
	r, w, err := pipes(count)
	if err != nil {
		return nil, err
	}
	wait, at, err := ringWait(who, r)
	if err != nil {
		return nil, err
	}
	read, write := ringTransfers(who)
	if _, err := rawWrite(w[0]); err != nil {
		return nil, err
	}
	return func(n int) map[string]float64 {
		for n > 0 {
			ready, err := wait()
			must(err)
			for event := range ready {
				i := at(event)
				if got, err := read(r[i]); got != 8 {
					expect(8, got, err)
				}
				if sent, err := write(w[(i+1)%count]); sent != 8 {
					expect(8, sent, err)
				}
			}
			n -= ready
		}
		return nil
	}, nil
}

// ringTransfers returns the functions that read and write eight bytes.
func ringTransfers(who string) (read, write func(fd int) (int, error)) {
	switch who {
	case XSys:
		return func(fd int) (int, error) { return unix.Read(fd, eight) },
			func(fd int) (int, error) { return unix.Write(fd, eight) }
	case EpollTry, PollerTry:
		return func(fd int) (int, error) { return descriptor.TryRead(fd, eight) },
			func(fd int) (int, error) { return descriptor.TryWrite(fd, eight) }
	}
	return rawRead, rawWrite
}

// ringWait returns a wait that blocks until a pipe is readable, and a function that returns the
// index of an event's pipe.
func ringWait(who string, r []int) (wait func() (int, error), at func(event int) int, err error) {
	switch who {
	case Raw, XSys:
		epfd, err := kernelEpoll(r)
		events := make([]unix.EpollEvent, 64)
		at = func(event int) int { return int(events[event].Fd) }
		if who == XSys {
			return func() (int, error) { return unix.EpollWait(epfd, events, -1) }, at, err
		}
		look := func() (int, error) { return errnoless(rawEpollWait(epfd, events)) }
		return lookFirst(look, func() (int, error) { return errnoless(blockingEpollWait(epfd, events)) }), at, err
	case Epoll, EpollTry:
		p, err := epoll.New()
		for i := 0; i < len(r) && err == nil; i++ {
			err = p.RegisterTag(r[i], epoll.In, uint32(i))
		}
		events := make([]epoll.Event, 64)
		wait = lookFirst(func() (int, error) { return p.Poll(events, 0) }, func() (int, error) { return p.Poll(events, -1) })
		return wait, func(event int) int { return int(events[event].Tag) }, err
	case Poller, PollerTry:
		p, err := newPoller(who, r)
		events := make([]iomux.Event[int], 64)
		return func() (int, error) { return p.Wait(context.Background(), events) }, func(event int) int { return events[event].Key }, err
	}
	return nil, nil, errUnknown
}

// lookFirst returns a wait that first calls look, as a Poller does. That call has a timeout of 0,
// so it does not inform the Go scheduler.
func lookFirst(look, wait func() (int, error)) func() (int, error) {
	return func() (int, error) {
		if n, err := look(); n != 0 || err != nil {
			return n, err
		}
		return wait()
	}
}

// goroutineRing uses a goroutine for each pipe, as programs without a poller do.
func goroutineRing(count int) (work, error) {
	r, w := make([]*os.File, count), make([]*os.File, count)
	for i := range r {
		var err error
		if r[i], w[i], err = os.Pipe(); err != nil {
			return nil, err
		}
	}
	rounds := make(chan struct{})
	for i := range r {
		go func() {
			var buffer [8]byte
			for {
				_, err := r[i].Read(buffer[:])
				must(err)
				<-rounds
				_, err = w[(i+1)%count].Write(buffer[:])
				must(err)
			}
		}()
	}
	_, err := w[0].Write(eight)
	return func(n int) map[string]float64 {
		for range n {
			rounds <- struct{}{}
		}
		return nil
	}, err
}
