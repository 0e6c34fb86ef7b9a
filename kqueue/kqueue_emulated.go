//go:build linux

package kqueue

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/fdref"
	"iomux/internal/kqueueemu"
	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Native tells whether the kernel of this system has kqueue.
const Native = false

type queue struct {
	descriptor fdref.Descriptor
	notes      *kqueueemu.Queue // the same one for all Queues of one descriptor
	rung       bool
}

func create() (*Queue, error) {
	notes, fd, call, err := kqueueemu.New()
	if err != nil {
		return nil, os.NewSyscallError(call, err)
	}
	return own(fd, notes), nil
}

func adopt(fd int) (*Queue, error) {
	if !sys.IsOpen(fd) {
		return nil, &sys.Error{Call: "kevent", FD: fd, Err: unix.EBADF, Advice: "it is not open"}
	}
	notes := kqueueemu.Find(fd)
	if notes == nil {
		return nil, &sys.Error{Call: "kevent", FD: fd, Err: unix.EBADF, Advice: "it is not a queue of this process"}
	}
	return own(fd, notes), nil
}

func own(fd int, notes *kqueueemu.Queue) *Queue {
	q := new(Queue)
	q.notes = notes
	q.descriptor.Set(fd, q.release)
	return q
}

// release closes the descriptor, and with the last one of the queue all that the queue holds.
func (q *queue) release(fd int) error {
	err := error(unix.EBADF)
	if q.notes.Release(fd, q.rung) {
		err = unix.Close(fd)
	}
	return os.NewSyscallError("close", err)
}

func (q *queue) control(changes, events []Event, d time.Duration) (int, error) {
	fd, err := q.descriptor.Acquire()
	if err != nil {
		return 0, errClosed
	}
	if err := refusal(changes); err != nil {
		q.descriptor.Done()
		return 0, err
	}
	n, err := apply(changes, events, func(change Event) syscall.Errno {
		return q.notes.Change(fd, kqueueemu.Event{
			Ident: change.Ident, Filter: int16(change.Filter), Flags: uint16(change.Flags),
			Fflags: uint32(change.Fflags), Data: change.Data, Udata: change.Udata,
		})
	})
	if n > 0 || err != nil || len(events) == 0 {
		q.descriptor.Done()
		return n, err
	}
	return q.wait(fd, events, timeout.Start(d))
}

// wait ends what control began.
func (q *queue) wait(fd int, events []Event, countdown timeout.Countdown) (int, error) {
	room := unsafe.Slice((*kqueueemu.Event)(unsafe.Pointer(unsafe.SliceData(events))), len(events))
	for {
		n, more, errno := q.notes.Wait(fd, room, countdown.Left())
		if n == 0 && !q.descriptor.Closed() && (more || countdown.Again(n, errno)) {
			continue
		}
		// Events that were taken are handed out even if the queue was closed meanwhile: they are not to be had again.
		closed := q.descriptor.Done()
		switch {
		case n > 0:
			return n, nil
		case closed:
			return 0, errClosed
		case errno != 0:
			return 0, &sys.Error{Call: "kevent", FD: fd, Err: errno}
		}
		return 0, nil
	}
}

func (q *queue) close() error {
	err := q.descriptor.Close(func(int) {
		q.rung = true
		q.notes.Ring()
	})
	if err == os.ErrClosed {
		return errClosed
	}
	return err
}

// Event and kqueueemu.Event are the same in memory, so a list of the one is a list of the other.
const _ = -(unsafe.Sizeof(Event{}) ^ unsafe.Sizeof(kqueueemu.Event{})) -
	(unsafe.Offsetof(Event{}.Filter) ^ unsafe.Offsetof(kqueueemu.Event{}.Filter)) -
	(unsafe.Offsetof(Event{}.Flags) ^ unsafe.Offsetof(kqueueemu.Event{}.Flags)) -
	(unsafe.Offsetof(Event{}.Fflags) ^ unsafe.Offsetof(kqueueemu.Event{}.Fflags)) -
	(unsafe.Offsetof(Event{}.Data) ^ unsafe.Offsetof(kqueueemu.Event{}.Data)) -
	(unsafe.Offsetof(Event{}.Udata) ^ unsafe.Offsetof(kqueueemu.Event{}.Udata))
