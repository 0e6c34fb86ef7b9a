//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"errors"
	"math"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kqueueemu"
	"iomux/internal/lazy"
	"iomux/kqueue"
)

// entry is a registered descriptor.
type entry struct {
	events     uint32
	data       uint64
	generation uint32
	kind       kind
	attached   filterSet // the filters that the kernel has
	simple     bool      // there is one filter, which reports all requested events
	disarmed   bool      // a one-shot registration after its report
	broken     bool      // a pipe without its other end, for which kernels have no FilterWrite
	everEnded  filterSet // the filters that have had EvEOF in any round

	// The following fields hold the report of one round of events.
	round   uint64
	fired   filterSet
	ended   filterSet // the filters with EvEOF
	failed  bool      // the descriptor has an error
	drained bool      // the filter for reading has EvEOF, and nothing is left to read
	lost    filterSet // the filters that the kernel has removed with its report
}

// filterSet is a set of filters.
type filterSet uint8

const (
	reading filterSet = 1 << iota
	writing
	urgent

	filters = 3
)

// bitOf returns the set of one filter.
func bitOf(filter kqueue.Filter) filterSet {
	switch filter {
	case kqueue.FilterRead:
		return reading
	case kqueue.FilterWrite:
		return writing
	}
	return urgent
}

// urgentExists is the result of HasUrgent. New sets it, so no descriptor is needed later.
var urgentExists lazy.Value[bool]

// HasUrgent reports whether this system has FilterExcept. Without it, nothing waits for urgent data
// alone.
func HasUrgent() bool {
	exists, _ := urgentExists.Get(func() (bool, error) {
		queue, err := kqueue.New()
		if err != nil {
			return false, err
		}
		exists := acceptsUrgent(queue)
		return exists, queue.Close()
	})
	return exists
}

// acceptsUrgent reports whether a queue has FilterExcept. A missing filter is refused before the
// missing registration is detected.
func acceptsUrgent(queue *kqueue.Queue) bool {
	change := kqueue.Event{Filter: kqueue.FilterExcept, Flags: kqueue.EvDelete}
	_, err := queue.Control([]kqueue.Event{change}, nil, 0)
	return !errors.Is(err, errors.ErrUnsupported)
}

// leaveError returns the note that makes the emulation of kqueue leave a socket's error in the
// socket, as a kernel does.
func leaveError() kqueue.Fflags {
	if kqueue.Native {
		return 0
	}
	return kqueueemu.LeaveError
}

// plain returns the filters that wait for their direction, and not for the end only.
func (e *entry) plain() (which filterSet) {
	if e.events&readable != 0 {
		which |= reading
	}
	if e.events&writable != 0 {
		which |= writing
	}
	return which
}

// pollReportsHangUps reports whether poll(2) of the system reports Hup for a socket when both
// directions have ended. NetBSD's never does, and DragonFly's does when writing has ended. There a
// socket needs the filters of both directions.
const pollReportsHangUps = runtime.GOOS != "netbsd" && runtime.GOOS != "dragonfly"

// hasWriteFilter reports whether the registration has a filter for writing. NetBSD's is always
// ready for the reading end of a pipe.
func (e *entry) hasWriteFilter() bool {
	return e.events&writable != 0 && !e.broken && e.kind != pipeReader
}

// endsInSteps reports whether FilterWrite alone may miss the hang-up of a socket, because writing
// has ended before reading.
func (e *entry) endsInSteps() bool {
	return e.kind == socket && (e.events&ET != 0 || !pollReportsHangUps)
}

// plan appends a change for each filter that the registration needs. A plain filter has the mode of
// the registration. Others report each arrival once, and are added again if their condition lasts.
func (e *entry) plan(list []kqueue.Event, fd int32) []kqueue.Event {
	mode := kqueue.EvAdd | kqueue.EvReceipt
	switch {
	case e.events&OneShot != 0:
		mode |= kqueue.EvDispatch
	case e.events&ET != 0:
		mode |= kqueue.EvClear
	}
	change := kqueue.Event{Ident: uint64(fd), Flags: mode, Udata: uint64(e.generation)}
	once := change
	once.Flags = kqueue.EvAdd | kqueue.EvReceipt | kqueue.EvClear
	switch {
	case e.events&readable != 0:
		change.Filter, change.Fflags = kqueue.FilterRead, leaveError()
		list = append(list, change)
	case e.events&RdHup != 0 || !e.hasWriteFilter() || e.endsInSteps() || runtime.GOOS == "netbsd":
		// NetBSD does not report to a writer that the reader of its pipe has gone.
		once.Filter, once.Fflags, once.Data = kqueue.FilterRead, leaveError()|kqueue.NoteLowat, math.MaxInt32
		list = append(list, once)
	}
	switch {
	case e.hasWriteFilter():
		change.Filter, change.Fflags = kqueue.FilterWrite, leaveError()
		list = append(list, change)
	case e.kind == socket && !pollReportsHangUps:
		once.Filter, once.Fflags, once.Data = kqueue.FilterWrite, kqueue.NoteLowat, math.MaxInt32
		list = append(list, once)
	}
	if e.events&Pri != 0 && HasUrgent() {
		once.Filter, once.Fflags, once.Data = kqueue.FilterExcept, kqueue.NoteOOB, 0
		list = append(list, once)
	}
	return list
}

// arm adds the filters of a registration to the kernel.
func (e *Epoll) arm(fd int32, entry *entry) error {
	entry.broken = false
	err := e.attach(fd, entry)
	if err == unix.EPERM && entry.kind.isPipe() {
		entry.broken = true
		err = e.attach(fd, entry)
	}
	return err
}

// attach adds the filters of a registration to the kernel, all or none. It skips filters that the
// file does not support, and fails if the file supports none.
func (e *Epoll) attach(fd int32, entry *entry) error {
	e.generation++
	entry.generation, entry.attached, entry.disarmed, entry.everEnded = e.generation, 0, false, 0
	changes := entry.plan(e.changes[:0], fd)
	receipts, err := e.submit(changes)
	refused := syscall.Errno(0)
	for i, receipt := range receipts {
		errno := syscall.Errno(receipt.Data)
		if errno == unix.EBADF && entry.kind.isPipe() && changes[i].Filter == kqueue.FilterWrite {
			errno = unix.EPIPE // NetBSD
		}
		switch errno {
		case 0:
			entry.attached |= bitOf(changes[i].Filter)
		case unix.EINVAL, unix.ENODEV, unix.ENXIO, unix.EOPNOTSUPP, unix.EPIPE, unix.ENOTTY:
			refused = unix.EPERM
		default:
			err = errno
		}
	}
	if err == nil && entry.attached == 0 {
		err = refused
	}
	if err != nil {
		_, _ = e.detach(fd, entry)
		return err
	}
	conditions := entry.events &^ (modes | RdHup | Err | Hup)
	plain := entry.attached & entry.plain() // isSimple is false if another filter has an event
	entry.simple = plain == reading && conditions == In || plain == writing && conditions == Out
	return nil
}

// detach removes the filters from the kernel. It reports false if the descriptor no longer belongs
// to the registered file.
func (e *Epoll) detach(fd int32, entry *entry) (same bool, err error) {
	changes := e.changes[:0]
	for _, filter := range [...]kqueue.Filter{kqueue.FilterRead, kqueue.FilterWrite, kqueue.FilterExcept} {
		if entry.attached&bitOf(filter) != 0 {
			changes = append(changes, kqueue.Event{Ident: uint64(fd), Filter: filter, Flags: kqueue.EvDelete | kqueue.EvReceipt})
		}
	}
	receipts, err := e.submit(changes)
	gone := len(receipts) > 0
	for _, receipt := range receipts {
		errno := syscall.Errno(receipt.Data)
		gone = gone && (errno == unix.ENOENT || errno == unix.EBADF)
	}
	return !gone, err
}

// refit changes only the flags of the registration's filters. It reports false if the descriptor no
// longer belongs to the registered file.
func (e *Epoll) refit(fd int32, entry *entry, which filterSet, flags kqueue.Flags) (same bool) {
	changes := e.changes[:0]
	for _, change := range entry.plan(e.receipts[:0], fd) {
		if bitOf(change.Filter)&which&entry.attached != 0 {
			change.Flags = flags | kqueue.EvReceipt
			changes = append(changes, change)
		}
	}
	receipts, _ := e.submit(changes)
	for _, receipt := range receipts {
		if errno := syscall.Errno(receipt.Data); errno == unix.ENOENT || errno == unix.EBADF {
			return false
		}
	}
	return true
}
