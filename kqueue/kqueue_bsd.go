//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

import (
	"math"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/fdref"
	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Native tells whether the kernel of this system has kqueue.
const Native = true

// The alarm is the reading end of a pipe whose writing end is closed: it is readable for ever. Close adds it to the queue,
// which wakes all that wait, one after the other: closing the descriptor would not. FilterUser would do the same, but not on
// every system, and every ident of it is the program's to use.
var alarm = sync.OnceValues(func() (uint64, error) {
	var fds [2]int
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := unix.Pipe(fds[:]); err != nil {
		return 0, os.NewSyscallError("pipe", err)
	}
	unix.CloseOnExec(fds[0])
	return uint64(fds[0]), os.NewSyscallError("close", unix.Close(fds[1]))
})

type queue struct{ descriptor fdref.Descriptor }

func create() (*Queue, error) {
	if _, err := alarm(); err != nil {
		return nil, err
	}
	fd, errno := sys.Kqueue()
	if errno != 0 {
		return nil, os.NewSyscallError("kqueue", errno)
	}
	return own(fd), nil
}

func adopt(fd int) (*Queue, error) {
	if _, err := alarm(); err != nil {
		return nil, err
	}
	if !sys.IsOpen(fd) {
		return nil, &sys.Error{Call: "kevent", FD: fd, Err: unix.EBADF, Advice: "it is not open"}
	}
	if _, errno := sys.Kevent(fd, nil, nil, 0); errno != 0 {
		return nil, &sys.Error{Call: "kevent", FD: fd, Err: errno, Advice: "it is not a kqueue"}
	}
	return own(fd), nil
}

func own(fd int) *Queue {
	q := new(Queue)
	q.descriptor.Set(fd, func(fd int) error { return os.NewSyscallError("close", unix.Close(fd)) })
	return q
}

// ring wakes all that wait in the kqueue fd. The alarm is removed before, as only what is new in the queue wakes for sure.
func ring(fd int) {
	silence(fd)
	var bell [1]sys.KernelEvent
	toKernel(&bell[0], alarmEvent(EvAdd))
	_, _ = sys.Kevent(fd, bell[:], nil, 0) // it fails where somebody closed the descriptor, which close tells
}

// silence takes the alarm out of the kqueue fd.
func silence(fd int) {
	var bell [1]sys.KernelEvent
	toKernel(&bell[0], alarmEvent(EvDelete))
	_, _ = sys.Kevent(fd, bell[:], nil, 0) // it need not be there
}

func alarmEvent(flags Flags) Event {
	ident, _ := alarm() // it was made with the first queue
	return Event{Ident: ident, Filter: FilterRead, Flags: flags}
}

// isAlarm reports whether the event is the alarm's: nobody else knows its descriptor.
func isAlarm(event Event) bool {
	ident, _ := alarm()
	return event.Ident == ident && event.Filter == FilterRead
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
	if singly(changes, events) {
		n, err := apply(changes, events, func(change Event) syscall.Errno { return changeOne(fd, change) })
		if n > 0 || err != nil || len(events) == 0 {
			q.descriptor.Done()
			return n, err
		}
		changes = nil
	}
	return q.wait(fd, changes, events, timeout.Start(d))
}

// singly reports whether the changes have to be made one by one. Kernels differ in how they answer receipts (OpenBSD may wait
// instead, FreeBSD may drop the rest of the list), cut idents down to the number of an open descriptor, and forget earlier
// failures when they have no room for a later one.
func singly(changes, events []Event) bool {
	if len(changes) > len(events) {
		return true
	}
	for i := range changes {
		change := &changes[i]
		if change.Flags&EvReceipt != 0 || change.isBeyond() || restarts(change) {
			return true
		}
	}
	return false
}

// isBeyond reports whether the ident is a number that no descriptor, or no ident of this system, has.
func (e *Event) isBeyond() bool {
	if uint64(uintptr(e.Ident)) != e.Ident {
		return true
	}
	switch e.Filter {
	case FilterRead, FilterWrite, FilterVnode, FilterExcept, FilterEmpty, FilterProcDesc, FilterProc, FilterSignal:
		return e.Ident > math.MaxInt32
	}
	return false
}

// beyond is the errno for a number that is none of the filter's.
func beyond(filter Filter) syscall.Errno {
	switch filter {
	case FilterProc:
		return unix.ESRCH
	case FilterSignal, FilterTimer, FilterUser:
		return unix.EINVAL
	}
	return unix.EBADF
}

// restarts reports whether the change starts a timer anew, which these kernels do only for one that is new.
func restarts(change *Event) bool {
	return forgetsToRestart && change.Filter == FilterTimer && change.Flags&(EvAdd|EvDelete) == EvAdd
}

func changeOne(fd int, change Event) syscall.Errno {
	if change.isBeyond() {
		return beyond(change.Filter)
	}
	var one [1]sys.KernelEvent
	if restarts(&change) {
		removal := change
		removal.Flags = EvDelete
		toKernel(&one[0], removal)
		_, _ = sys.Kevent(fd, one[:], nil, 0) // it need not be there
	}
	change.Flags &^= EvReceipt
	toKernel(&one[0], change)
	_, errno := sys.Kevent(fd, one[:], nil, 0)
	return errno
}

// longest is how many events are taken from the kernel at once, unless there may be as many failures.
const longest = 1024

// lists are memory for the kernel's way to write events.
type lists struct{ changes, events []sys.KernelEvent }

var spare = sync.Pool{New: func() any { return new(lists) }}

// resized is list with length n, anew if it is too short.
func resized(list []sys.KernelEvent, n int) []sys.KernelEvent {
	if cap(list) < n {
		return make([]sys.KernelEvent, n)
	}
	return list[:n]
}

// wait makes the changes and ends what control began.
func (q *queue) wait(fd int, changes, events []Event, countdown timeout.Countdown) (int, error) {
	memory := spare.Get().(*lists)
	defer spare.Put(memory)
	memory.changes = resized(memory.changes, len(changes))
	memory.events = resized(memory.events, min(len(events), max(len(changes), longest)))
	for i, change := range changes {
		toKernel(&memory.changes[i], change)
	}
	todo := memory.changes
	for {
		taken, errno := sys.Kevent(fd, todo, memory.events, countdown.Left())
		todo = nil // they were made, even if the wait was interrupted
		if countdown.Again(taken, errno) && !q.descriptor.Closed() {
			continue
		}
		n, rung := q.fromKernel(fd, events, memory.events[:taken])
		if n == 0 && rung && !q.descriptor.Closed() {
			silence(fd) // another Queue of the same kqueue was closed
			continue
		}
		if rung {
			ring(fd) // for the next one
		}
		// Events that were taken from the kernel are handed out even if the queue was closed meanwhile: some are not to be
		// had again.
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

// fromKernel translates what the kernel told, without the alarm.
func (q *queue) fromKernel(fd int, events []Event, taken []sys.KernelEvent) (n int, rung bool) {
	for i := range taken {
		event := Event{
			Ident: uint64(taken[i].Ident), Filter: Filter(taken[i].Filter), Flags: Flags(taken[i].Flags),
			Fflags: Fflags(taken[i].Fflags), Data: taken[i].Data, Udata: uint64(taken[i].Udata),
		}
		if isAlarm(event) {
			rung = true
			continue
		}
		if event.Flags&EvError != 0 {
			event.Flags = EvError // some kernels add what the change asked for
		}
		disableLate(fd, event)
		events[n] = event
		n++
	}
	return n, rung
}

func (q *queue) close() error {
	err := q.descriptor.Close(ring)
	if err == os.ErrClosed {
		return errClosed
	}
	return err
}
