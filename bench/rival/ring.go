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

// pipeRing is libevent's workload. One of the pipes is active: its data is read and written to the
// next pipe.
//
// Its loops call the packages directly, as C does. A return from a closure costs some 8 ns after a
// system call, on processors whose kernel clears the predictions of returns.
type pipeRing struct {
	r, w []int
	who  string
}

func ring(who string, numbers []int) (work, error) {
	if who == Goroutines {
		return goroutineRing(numbers[0])
	}
	r, w, err := pipes(numbers[0])
	if err != nil {
		return nil, err
	}
	if _, err := rawWrite(w[0]); err != nil {
		return nil, err
	}
	p := &pipeRing{r, w, who}
	switch who {
	case Raw, XSys:
		return p.byKernel()
	case Epoll, EpollTry:
		return p.byEpoll()
	case Poller, PollerTry:
		return p.byPoller()
	}
	return nil, errUnknown
}

// pass reads eight bytes from pipe i, and writes them to the next one.
func (p *pipeRing) pass(i int) {
	from, to := p.r[i], p.w[(i+1)%len(p.w)]
	var got, sent int
	var err, errWrite error
	switch p.who {
	case XSys:
		got, err = unix.Read(from, eight)
		sent, errWrite = unix.Write(to, eight)
	case EpollTry, PollerTry:
		got, err = descriptor.TryRead(from, eight)
		sent, errWrite = descriptor.TryWrite(to, eight)
	default:
		got, err = rawRead(from)
		sent, errWrite = rawWrite(to)
	}
	if got != 8 || sent != 8 {
		expect(8, got, err)
		expect(8, sent, errWrite)
	}
}

// byKernel calls epoll_wait(2). Like the other loops it first looks, with a timeout of 0, so it
// does not inform the Go scheduler.
func (p *pipeRing) byKernel() (work, error) {
	epfd, err := kernelEpoll(p.r)
	events := make([]unix.EpollEvent, 64)
	return func(n int) map[string]float64 {
		for n > 0 {
			var ready int
			var err error
			if p.who == XSys {
				ready, err = unix.EpollWait(epfd, events, -1)
			} else if ready, err = errnoless(rawEpollWait(epfd, events)); ready == 0 && err == nil {
				ready, err = errnoless(blockingEpollWait(epfd, events))
			}
			must(err)
			for _, event := range events[:ready] {
				p.pass(int(event.Fd))
			}
			n -= ready
		}
		return nil
	}, err
}

func (p *pipeRing) byEpoll() (work, error) {
	poller, err := epoll.New()
	for i := 0; i < len(p.r) && err == nil; i++ {
		err = poller.RegisterTag(p.r[i], epoll.In, uint32(i))
	}
	events := make([]epoll.Event, 64)
	return func(n int) map[string]float64 {
		for n > 0 {
			ready, err := poller.Poll(events, 0)
			if ready == 0 && err == nil {
				ready, err = poller.Poll(events, -1)
			}
			must(err)
			for _, event := range events[:ready] {
				p.pass(int(event.Tag))
			}
			n -= ready
		}
		return nil
	}, err
}

func (p *pipeRing) byPoller() (work, error) {
	poller, err := newPoller(p.who, p.r)
	events := make([]iomux.Event[int], 64)
	return func(n int) map[string]float64 {
		for n > 0 {
			ready, err := poller.Wait(context.Background(), events)
			must(err)
			for i := range events[:ready] {
				p.pass(events[i].Key)
			}
			n -= ready
		}
		return nil
	}, err
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
