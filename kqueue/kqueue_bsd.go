//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/freelist"
	"iomux/internal/kevent"
	"iomux/internal/kqueuebsd"
	"iomux/internal/lazy"
	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Native reports whether the kernel of this system has kqueue.
const Native = true

// state is empty: a native queue is its descriptor.
type state struct{}

var native lazy.Value[*kqueuebsd.Kernel]

// kernel returns this system's kernel, with a wake-up descriptor for the whole process. It fails
// only before the first queue exists.
func kernel() (*kqueuebsd.Kernel, error) { return native.Get(newKernel) }

// newKernel makes the wake-up descriptor: the reading end of a pipe whose writing end is closed.
func newKernel() (*kqueuebsd.Kernel, error) {
	var fds [2]int
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := unix.Pipe(fds[:]); err != nil {
		return nil, os.NewSyscallError("pipe", err)
	}
	unix.CloseOnExec(fds[0])
	k := &kqueuebsd.Kernel{System: runtime.GOOS, Kevent: callKevent, WakeFD: fds[0], SideFD: -1}
	if err := unix.Close(fds[1]); err != nil {
		return nil, os.NewSyscallError("close", err)
	}
	if runtime.GOOS == "netbsd" {
		var errno syscall.Errno
		if k.SideFD, errno = sys.Kqueue(); errno != 0 {
			_ = unix.Close(k.WakeFD)
			return nil, os.NewSyscallError("kqueue", errno)
		}
	}
	return k, nil
}

func create() (*Queue, error) {
	if _, err := kernel(); err != nil {
		return nil, err
	}
	fd, errno := sys.Kqueue()
	if errno != 0 {
		return nil, os.NewSyscallError("kqueue", errno)
	}
	return own(fd, state{}), nil
}

// find checks that fd is a kqueue.
func find(fd int) (state, error) {
	if _, err := kernel(); err != nil {
		return state{}, err
	}
	if !sys.IsOpen(fd) {
		return state{}, sys.NewError("kevent", fd, unix.EBADF, "it is not open")
	}
	if _, errno := sys.Kevent(fd, nil, nil, 0); errno != 0 {
		return state{}, sys.NewError("kevent", fd, errno, "it is not a kqueue")
	}
	return state{}, nil
}

func release(*shared, int) {}

func wake(_ *shared, fd int) {
	k, _ := kernel() // New and FromFD have created it
	k.Wake(fd)
}

// advice returns nothing, because only the emulation has limits of its own.
func advice(kevent.Event, syscall.Errno) string { return "" }

func control(q *Queue, fd int, changes, events []kevent.Event, d time.Duration) (int, error) {
	k, _ := kernel()
	if k.Singly(changes, len(events)) {
		n, err := apply(fd, changes, events, func(change kevent.Event) syscall.Errno { return k.Change(fd, change) })
		if n > 0 || err != nil {
			return n, err
		}
		changes = nil
	}
	n, errno := k.Wait(fd, changes, events, timeout.Start(d), q.handle.Closed)
	return n, waitError(fd, errno)
}

// spare holds lists in the kernel's layout.
var spare freelist.Slices[sys.KernelEvent]

// callKevent wraps kevent(2).
func callKevent(fd int, changes, events []kevent.Event, d time.Duration) (int, syscall.Errno) {
	asked, reported := spare.Get(len(changes)), spare.Get(len(events))
	defer spare.Put(asked)
	defer spare.Put(reported)
	for i := range changes {
		asked[i].Set(&changes[i])
	}
	n, errno := sys.Kevent(fd, asked, reported, d)
	for i := range reported[:n] {
		reported[i].Get(&events[i])
	}
	return n, errno
}
