//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package pathwatch

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
	"iomux/internal/sys"
)

func newKernel(func()) (kernel, error) {
	fd, errno := sys.Kqueue()
	if errno != 0 {
		return nil, os.NewSyscallError("kqueue", errno)
	}
	mode := unix.O_RDONLY
	if runtime.GOOS == "darwin" {
		mode = onlyEvents
	}
	return newVnodes(&kernelQueue{number: fd}, mode), nil
}

// onlyEvents is macOS's O_EVTONLY: the open file does not prevent its file system from being
// unmounted.
const onlyEvents = 0x8000

// kernelQueue is a kqueue of the kernel.
type kernelQueue struct {
	number int
	events [64]sys.KernelEvent
}

func (q *kernelQueue) fd() int { return q.number }

func (q *kernelQueue) close() error { return os.NewSyscallError("close", unix.Close(q.number)) }

func (q *kernelQueue) add(fd int) error {
	notes := uint32(noteAll)
	if runtime.GOOS == "openbsd" {
		notes |= noteTruncate
	}
	var change [1]sys.KernelEvent
	change[0].Set(&kevent.Event{
		Ident: uint64(fd), Filter: unix.EVFILT_VNODE, Flags: unix.EV_ADD | unix.EV_CLEAR, Fflags: notes,
	})
	if _, errno := sys.Kevent(q.number, change[:], nil, 0); errno != 0 {
		return errno
	}
	return nil
}

// maxReads is the number of batches that one call of read takes, so that it does not delay the
// Poller for long.
const maxReads = 16

func (q *kernelQueue) read(happened func(fd int, notes uint32)) error {
	for range maxReads {
		n, errno := sys.Kevent(q.number, nil, q.events[:], 0)
		if errno != 0 && errno != unix.EINTR {
			return os.NewSyscallError("kevent", errno)
		}
		for i := range q.events[:n] {
			var event kevent.Event
			q.events[i].Get(&event)
			happened(int(event.Ident), event.Fflags)
		}
		if n < len(q.events) && errno == 0 {
			break
		}
	}
	return nil
}
