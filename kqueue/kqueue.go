// Package kqueue wraps kqueue(2): a queue that reports events of descriptors, files, processes,
// signals, timers and the program itself.
//
// It is native on macOS, FreeBSD, NetBSD, OpenBSD and DragonFly. On Linux it is emulated with
// epoll, timerfd, pidfd, inotify, netlink and os/signal, and has FreeBSD's numbers. On other
// systems New returns errors.ErrUnsupported. The constants and types exist everywhere.
//
// To wait for a single connection or file, use a goroutine instead. To wait for descriptors on
// every system, use package iomux.
//
//	queue, err := kqueue.New()
//	if err != nil {
//		return err
//	}
//	defer queue.Close()
//	changes := []kqueue.Event{{Ident: uint64(fd), Filter: kqueue.FilterRead, Flags: kqueue.EvAdd}}
//	events := make([]kqueue.Event, 64)
//	for {
//		n, err := queue.Control(changes, events, -1)
//		if err != nil {
//			return err
//		}
//		changes = nil
//		for _, event := range events[:n] {
//			handle(event)
//		}
//	}
//
// # Registrations
//
// A registration is a pair of ident and filter in one queue. Adding it again modifies it. The
// registration of a descriptor belongs to the number and ends when the number is closed.
//
// An event with EvClear, EvOneShot or EvDispatch is delivered to one of several waiting goroutines.
// A lasting event may be delivered to each of them.
//
// A signal still has its default effect on systems with a native kqueue. Pass it to signal.Ignore
// or signal.Notify of os/signal as well.
//
// Nest at most eight queues in each other. NetBSD and DragonFly follow a longer chain without a
// limit and crash.
//
// # Filters by system
//
// Control refuses missing filters and notes by name, with errors.ErrUnsupported, before it makes
// any change. A native filter may be newer than the kernel, which then returns EINVAL.
//
//	               macOS    FreeBSD  NetBSD   OpenBSD  DragonFly  Linux
//	FilterRead     native   native   native   native   native     epoll, inotify
//	FilterWrite    native   native   native   native   native     epoll
//	FilterAIO      native   native   native   native   native     refused
//	FilterVnode    native   native   native   native   native     inotify
//	FilterProc     native   native   native   native   native     pidfd, process connector
//	FilterNetdev   refused  refused  refused  refused  refused    rtnetlink
//	FilterSignal   native   native   native   native   native     os/signal
//	FilterTimer    native   native   native   native   native     timerfd
//	FilterUser     native   native   10       7.8      native     in the process
//	FilterExcept   native   refused  refused  native   native     epoll
//	FilterFS       native   native   native   refused  native     mountinfo
//	FilterEmpty    refused  native   native   refused  refused    refused
//	FilterProcDesc refused  native   refused  refused  refused    refused
//
// NoteOpen, NoteClose, NoteCloseWrite and NoteRead exist on FreeBSD, NetBSD 10 and Linux. Timers of
// DragonFly count milliseconds only. No kernel has FilterNetdev any more. macOS and the BSDs report
// link changes in a routing socket: open one and register it with FilterRead.
//
// # Flags of reported events
//
// A reported event has EvEOF and EvError as documented, and flags of its registration. Test for
// single flags, not for equality.
//
//	                             flags of an event, besides EvEOF and EvError
//	FreeBSD, Linux               EvOneShot EvClear EvReceipt EvDispatch
//	macOS                        all of the change that added it, as EvAdd and EvEnable
//	NetBSD, OpenBSD, DragonFly   as macOS
//
// FilterProc, FilterSignal and FilterTimer set EvClear by themselves. An event that reports an
// error of a change, or a receipt, has EvError alone on every system.
//
// # Differences between kernels
//
// The package evens out what it can: a timer or the notes of a file that are added again take
// effect (DragonFly, NetBSD), NoteTrigger works together with EvAdd (FreeBSD, NetBSD), timers of
// more than 34 years do not expire at once (FreeBSD). These differences remain:
//
//   - NetBSD ignores EvDispatch of FilterVnode, FilterTimer and FilterSignal if EvClear is set,
//     which it always is for the latter two.
//   - FreeBSD and DragonFly report all notes of a file operation if one of them was asked for.
//   - FreeBSD and NetBSD report a pipe to EvClear readers again when a part of its data is read.
//   - DragonFly keeps the first Udata of FilterUser, and forgets its bits with each EvClear event.
//
// # The emulation on Linux
//
// The emulation reports each file operation with FreeBSD's notes, with the exceptions listed in
// docs/kqueue-notes.md: enlarging a file, for example, counts as writing to it. It returns
// EOPNOTSUPP, which is errors.ErrUnsupported, for a low-water mark of FilterWrite above that of
// Linux (4096 bytes of a pipe, a third of a socket's buffer) and for the signals 32 to 34.
// Besides:
//
//   - If a descriptor is closed while a duplicate stays open, each arrival wakes the waiter for
//     nothing. It is never reported.
//   - A socket's error is read from the socket, whose SO_ERROR is zero afterwards. Fflags has it in
//     this and later events of both filters.
//   - Data of FilterRead is the size of the first datagram. It is 1 for an eventfd, a timerfd, a
//     queue, an epoll, and a listening socket other than TCP. Data of FilterWrite is what the
//     kernel counts as free in a socket's or pipe's buffer, and 0 for anything else.
//   - Regular files and FilterVnode need /proc. Watching takes permission to read the file, or else
//     the error is EACCES. NoteDelete of a directory takes permission to read its parent.
//     NoteRevoke is reported for terminals only. A descriptor without a file is EINVAL.
//   - NoteExit reports the status of children always, and of other processes if they belong to the
//     same user or since Linux 6.15. Otherwise Data is -1. If only the kernel can report the
//     status, it does when the parent has waited for the process.
//   - NoteFork, NoteExec and NoteTrack need Linux 6.6 or CAP_NET_ADMIN, and do not work in
//     containers. Otherwise the error is EPERM. NoteTrackErr also reports that messages of the
//     kernel were lost.
//   - FilterNetdev takes the index of an interface, or 0 for all of them. Data is the index.
//     NoteLinkInv reports that the interface was removed.
//   - FilterFS compares the mounts before each wait. It misses a mount that is undone in between.
//   - FilterSignal catches the signal, as signal.Notify does. Signals that arrive faster than the
//     Go runtime takes them count as one.
//   - Linux allows four queues inside another one. More is ELOOP.
//   - A timer and a process use a descriptor each, a queue two to eight.
//   - EvEnable, EvDisable and changes without a flag keep the Fflags and Data of the registration.
package kqueue

import (
	"fmt"
	"os"
	"time"

	"iomux/internal/fdref"
)

// Queue is a kqueue. Its methods may be called from several goroutines at once. The zero value is
// a closed Queue.
type Queue struct {
	descriptor fdref.Descriptor
	state
}

// New wraps kqueue(2), or epoll_create1(2) on Linux. The descriptor is close-on-exec.
//
// Errors: EMFILE, ENFILE and ENOMEM if the system has no room for another descriptor;
// errors.ErrUnsupported if the system has neither kqueue nor an emulation.
func New() (*Queue, error) { return create() }

// FromFD returns a Queue for an existing kqueue descriptor and takes it over: Close closes it. On
// Linux the descriptor must be that of a Queue of this process, or a duplicate of one, and /proc
// must be mounted. Both Queues are then the same queue. If two Queues have the same number, the
// first Close closes it. Nobody may wait in the other one then, and using it returns EBADF.
//
// Errors: EBADF if fd is not open or not a kqueue; errors.ErrUnsupported as in New.
func FromFD(fd int) (*Queue, error) { return adopt(fd) }

// FD returns the descriptor of the queue, or -1 after Close. The descriptor is readable while an
// event is pending, so it can be registered in another queue.
func (q *Queue) FD() int { return q.descriptor.FD() }

// Control wraps kevent(2). It makes the changes in order, and then waits until there are events or
// the timeout expires. It stores the events in events and returns their number, which is 0 after a
// timeout. Both lists may be the same slice.
//
// A negative timeout blocks, zero does not wait, and any other is never shortened. Interruptions
// (EINTR) are retried with the time that is left. Waiting does not allocate.
//
// A failed change becomes an event with EvError whose Data is the errno. A change with EvReceipt
// becomes one whose Data is 0 if it succeeded. If there are such events, Control returns them
// without waiting. If events has no room for a failure, Control returns it as the error, which
// names the change, and makes no further changes. If events is empty, Control makes the changes
// and does not wait.
//
// Errors of a change:
//   - EBADF: the ident is not an open descriptor;
//   - ENOENT: it is not registered, or the number belongs to another file by now;
//   - EINVAL: an unknown filter or unit of time, a negative time, a signal out of range, EvEnable
//     together with EvDisable, or a file that the filter does not take;
//   - ESRCH: there is no such process;
//   - EACCES, EPERM: the program is not allowed to;
//   - ELOOP: queues watch each other, or are nested too deeply;
//   - ENOMEM, ENOSPC, EMFILE: a limit of the system.
//
// Errors of the call: errors.ErrUnsupported for a filter or note that the system lacks, before any
// change is made; os.ErrClosed if the queue is closed, also during the call.
func (q *Queue) Control(changes, events []Event, timeout time.Duration) (n int, err error) {
	fd, err := q.descriptor.Acquire()
	if err != nil {
		return 0, errClosed
	}
	if err = refusal(changes); err == nil {
		n, err = control(q, fd, toRaw(changes), toRaw(events), timeout)
	}
	// Events are returned even if the queue was closed meanwhile: some do not come again.
	if q.descriptor.Done() && n == 0 {
		return 0, errClosed
	}
	return n, err
}

// Close closes the queue's descriptor. Goroutines that wait in Control return os.ErrClosed. The
// number is given back to the system when the last of them has returned.
//
// Errors: os.ErrClosed if the queue is closed already; EBADF if its descriptor is.
func (q *Queue) Close() error {
	err := q.descriptor.Close(func(fd int) { wake(q, fd) })
	if err == os.ErrClosed {
		return errClosed
	}
	return err
}

var errClosed = fmt.Errorf("kqueue: the queue is closed: %w", os.ErrClosed)
