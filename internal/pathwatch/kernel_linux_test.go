package pathwatch

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
	"iomux/internal/kqueueemu"
	"iomux/internal/timeout"
)

// kernels holds the implementations for this system. The emulation of kqueue needs /proc.
var kernels = func() map[string]func() (kernel, error) {
	all := map[string]func() (kernel, error){"inotify": func() (kernel, error) { return newKernel(nil) }}
	if _, err := os.Stat("/proc/self/fd"); err == nil {
		all["kqueue over its emulation"] = func() (kernel, error) {
			queue, fd, call, err := kqueueemu.New()
			if err != nil {
				return nil, os.NewSyscallError(call, err)
			}
			return newVnodes(&emulatedQueue{queue, fd}, unix.O_RDONLY), nil
		}
	}
	return all
}()

// emulatedQueue is the emulation of kqueue.
type emulatedQueue struct {
	queue  *kqueueemu.Queue
	number int
}

func (q *emulatedQueue) fd() int { return q.number }

func (q *emulatedQueue) close() error {
	q.queue.Release(q.number, false)
	return unix.Close(q.number)
}

func (q *emulatedQueue) add(fd int) error {
	if errno := q.queue.Change(q.number, kevent.Event{
		Ident: uint64(fd), Filter: kevent.FilterVnode, Flags: kevent.Add | kevent.Clear, Fflags: noteAll &^ kevent.NoteRevoke,
	}); errno != 0 {
		return errno
	}
	return nil
}

func (q *emulatedQueue) read(happened func(fd int, notes uint32)) error {
	var events [8]kevent.Event
	for {
		n, _, errno := q.queue.Wait(q.number, events[:], new(timeout.Countdown))
		if errno != 0 && errno != syscall.EINTR {
			return errno
		}
		for _, event := range events[:n] {
			happened(int(event.Ident), event.Fflags)
		}
		if n < len(events) {
			return nil
		}
	}
}

func (k *inotify) count() int { return len(k.nodes) }
