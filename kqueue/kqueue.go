// Package kqueue waits with kqueue(2). A [Queue] reports events of descriptors, files, processes,
// signals, timers and the program itself. The package is for programs written for macOS and the
// BSDs, and for programs that need detailed events of files or processes. It is native on macOS,
// FreeBSD, NetBSD, OpenBSD and DragonFly. On Linux it is emulated with epoll, timerfd, pidfd,
// inotify, netlink and os/signal, and has FreeBSD's numbers.
//
// To wait for a single connection or file, use a goroutine instead. A wait of this package blocks a
// thread. To park goroutines, or to wait on every system, use the Poller of package iomux.
//
//	queue, err := kqueue.New()
//	if err != nil {
//		return err
//	}
//	defer queue.Close()
//	changes := []kqueue.Event{kqueue.NewEvent(uint64(fd))} // adds it with FilterRead
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
// The file docs/porting/xsys.md shows code before and after a move from golang.org/x/sys/unix or
// libkqueue to this package.
//
// # Registrations
//
// A registration is a pair of ident and filter in one queue. The registration of a descriptor
// belongs to the number and ends when the number is closed.
//
// A second EvAdd of a registration replaces its Fflags, Data and Udata, and reports a lasting
// condition again. The registration keeps the flags that it was first added with, and it stays
// disabled without EvEnable. To change EvClear, EvOneShot or EvDispatch, delete the registration
// first.
//
// An event with EvClear, EvOneShot or EvDispatch is delivered to one of several waiting goroutines.
// Any other event may be delivered to each of them.
//
// With a native kqueue, a signal still has its default effect. Pass it to signal.Ignore or
// signal.Notify of package os/signal as well.
//
// Nest at most eight queues in each other. The kernels of NetBSD and DragonFly crash on longer
// chains.
//
// # Errors
//
// An error of a system call is an *os.SyscallError and matches its syscall.Errno with errors.Is.
// Use of a closed Queue is os.ErrClosed. If a change has a filter or a note that the system does
// not have, [Queue.Control] returns errors.ErrUnsupported, names it, and makes no change. If a
// filter is newer than the kernel, the error is EINVAL. On systems without kqueue or an emulation,
// [New] returns errors.ErrUnsupported. The types and constants exist on every system.
//
// # What differs per system
//
//	               macOS    FreeBSD  NetBSD   OpenBSD  DragonFly  Linux
//	FilterRead     native   native   native   native   native     epoll, inotify
//	FilterWrite    native   native   native   native   native     epoll
//	FilterAIO      recent   native   refused  refused  refused    refused
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
// "recent" means that older versions of the system refuse the filter.
//
// NoteOpen, NoteClose, NoteCloseWrite and NoteRead exist on FreeBSD, NetBSD 10 and Linux. Timers of
// DragonFly count milliseconds only. No kernel has FilterNetdev any more. For link changes on macOS
// and the BSDs, open a routing socket and register it with FilterRead.
//
// The README lists the systems on which the package was tested, and docs/emulations.md the systems
// on which each filter was.
//
// # Flags of reported events
//
// A reported event also has flags of its registration. Test for single flags, not for equality.
//
//	                             flags of an event, besides EvEOF and EvError
//	FreeBSD, Linux               EvOneShot EvClear EvDispatch
//	macOS, NetBSD, OpenBSD       all flags of the change that added it, such as EvAdd
//	DragonFly                    the same as macOS
//
// FilterProc, FilterSignal and FilterTimer set EvClear by themselves. On every system, the event of
// a failed change and a receipt have EvError alone.
//
// # Differences between kernels
//
// The package corrects some of the differences. A timer or the notes of a file that are added again
// take effect (DragonFly, NetBSD). NoteTrigger works together with EvAdd (FreeBSD, NetBSD). Timers
// of more than 34 years do not expire at once (FreeBSD). These differences remain:
//
//   - NetBSD ignores EvDispatch of FilterVnode if EvClear is set. It always ignores EvDispatch of
//     FilterTimer and FilterSignal, because these set EvClear.
//   - FreeBSD and DragonFly report all notes of a file operation if one of them was requested.
//     All kernels report all notes of FilterFS.
//   - NetBSD does not report to FilterWrite of a full pipe that the reader has gone. FilterRead of
//     the same descriptor reports it.
//   - FreeBSD and NetBSD report a pipe with EvClear again when a part of its data is read. FreeBSD
//     also does so when more is written, and for a listening socket after accept(2).
//   - FreeBSD, NetBSD and DragonFly ignore NoteLowat of FilterRead for pipes.
//   - NetBSD reports the end of a FIFO until read(2) has returned it.
//   - The kernels report FilterRead of a file with EvClear again after each operation on the file,
//     such as rename(2), unless its offset is at its end. Linux does so after writes only.
//   - NetBSD and DragonFly do not report that a listening socket was shut down.
//   - FreeBSD and DragonFly refuse FilterWrite of a pipe without a reader with EPIPE. When the
//     reader leaves, FreeBSD reports EvEOF once and ends the registration.
//   - FreeBSD reports timers with NoteAbsTime until they are deleted, unless EvClear is set.
//   - FreeBSD reports FilterUser with EvOneShot without its Fflags and Data.
//   - DragonFly keeps the first Udata of FilterUser, and clears its bits with each EvClear event.
//   - The kernels report FilterExcept until data after the urgent byte is read. Linux reports it
//     until the urgent byte itself is read.
//   - NetBSD, OpenBSD and DragonFly accept EvEnable and EvDisable in one change.
//   - NetBSD and DragonFly report the exit of a process also without NoteExit, with EvEOF and no
//     notes. NetBSD refuses a process that has ended with ESRCH, also with NoteExit.
//   - After its events have ceased, a kernel's queue stays readable for poll(2) and for other
//     queues until the program waits for events again.
//
// # The emulation on Linux
//
// The emulation reports file operations with FreeBSD's notes. The exceptions are listed in
// docs/kqueue-notes.md. For example, enlarging a file is reported as writing to it. The error for
// the signals 32 to 34 is EOPNOTSUPP, which is errors.ErrUnsupported. So is the error for a
// low-water mark of FilterWrite above that of Linux, which is 4096 bytes of a pipe, or a third of a
// socket's buffer. These are the other differences:
//
//   - If a descriptor is closed while a duplicate stays open, each arrival interrupts the wait
//     inside the kernel, but is not reported.
//   - The emulation reads the error of a socket, whose SO_ERROR is zero afterwards. Fflags is that
//     error in this and later events of both filters.
//   - The end of a listening socket after shutdown(2) is not reported if the socket was added
//     before it listened and no connection has been reported since.
//   - Data of FilterRead is the size of the first datagram, or the bytes before urgent data. It is
//     1 for an eventfd, a timerfd, a queue, an epoll, and a listening socket other than TCP. Data
//     of FilterWrite is the free room in the buffer of a socket or pipe, as the kernel counts it,
//     and 0 for anything else.
//   - FilterVnode, FilterFS and FilterRead of a regular file need /proc. If it is not mounted, the
//     error is EOPNOTSUPP.
//   - Watching a file requires permission to read it, or the error is EACCES. NoteDelete of a
//     directory requires permission to read its parent. NoteRevoke is reported for terminals only.
//     The error for a descriptor without a file is EINVAL.
//   - NoteExit always reports the status of children. It reports the status of other processes if
//     they belong to the same user and /proc is mounted, or since Linux 6.15. Otherwise Data is -1.
//     Linux 6.15 reports it after the parent has waited for the process.
//   - NoteFork, NoteExec and NoteTrack need Linux 6.6 or CAP_NET_ADMIN, and do not work in
//     containers. Otherwise the error is EPERM. NoteTrackErr also reports that messages of the
//     kernel were lost.
//   - FilterNetdev takes the index of an interface, or 0 for all of them. Data is the index.
//     NoteLinkInv reports that the interface was removed.
//   - FilterFS compares the mounts before each wait. It misses a file system that was mounted and
//     unmounted in between.
//   - FilterSignal catches the signal, as signal.Notify does. Signals that arrive faster than the
//     Go runtime handles them are counted as one.
//   - FilterWrite has no EvEOF after the program itself has shut down sending. With EvClear, Linux
//     may report it again when the peer does.
//   - Linux allows four queues nested inside another. The error for more is ELOOP.
//   - A timer and a process use one descriptor each. A queue uses two to nine.
//   - EvEnable, EvDisable and changes without a flag keep the Fflags and Data of the registration.
package kqueue

import (
	"os"
	"time"

	"iomux/internal/fdref"
	"iomux/internal/sys"
)

// Queue is a kqueue. It is safe for concurrent use. The zero value is a closed Queue.
type Queue struct {
	handle fdref.Handle
	shared *shared // nil in the zero value
}

// shared is the part of a Queue that all Queues of one number share.
type shared struct {
	fdref.Descriptor
	state state
	woken bool // wake was called
}

// New wraps kqueue(2), or epoll_create1(2) on Linux. The descriptor is close-on-exec. Only Close
// releases it: the garbage collector does not.
//
// New returns EMFILE, ENFILE or ENOMEM if the system has no room for another descriptor, and
// errors.ErrUnsupported on systems without kqueue or an emulation.
func New() (*Queue, error) { return create() }

// FromFD returns a Queue for an existing kqueue descriptor, which Close closes. On Linux the
// descriptor must be that of a Queue of this process, or a duplicate of one, and /proc must be
// mounted. Both Queues then share their registrations and events. If two Queues have the same
// number, the first Close closes the number, and Control and Close of the other return EBADF.
//
// FromFD returns EBADF if fd is not open or not a kqueue. It returns errors.ErrUnsupported as New
// does, and on Linux without /proc.
func FromFD(fd int) (*Queue, error) { return adopt(fd) }

// FD returns the descriptor of the queue, or -1 after Close. It is readable while an event is
// pending, so it can be registered in another queue.
func (q *Queue) FD() int { return q.handle.FD() }

// Control wraps kevent(2). It makes the changes in order, and then waits until there are events or
// the timeout expires. It stores the events in events and returns their number, which is 0 after a
// timeout. changes and events may be the same slice. If events is empty, Control does not wait.
//
// A negative timeout blocks, and 0 does not wait. A timeout is never shortened. If a signal
// interrupts the call (EINTR), it waits again for the remaining time. Waiting does not allocate.
//
// A failed change is reported as an event with EvError, whose Data is the errno. With EvReceipt, a
// successful change is also reported, with Data 0. If there are such events, Control returns them
// without waiting. If events has no room for a failure, Control returns it as an error that names
// the change, and makes no further changes.
//
// A change fails with these errors:
//
//   - EBADF if Ident is not an open descriptor
//   - ENOENT if Ident is not registered, or now belongs to another file
//   - EINVAL if the filter, the unit of time or the signal is unknown, or if the time is negative
//   - EINVAL if the change has both EvEnable and EvDisable, or if the filter does not support the
//     file
//   - ESRCH if there is no such process
//   - EACCES or EPERM if the program lacks the permission
//   - ENOSYS if the filter is FilterProc, and Linux or a sandbox has no pidfd_open(2)
//   - ELOOP if queues watch each other, or are nested too deeply
//   - ENOMEM, ENOSPC or EMFILE if a limit of the system is reached
//
// Control itself returns these errors:
//
//   - errors.ErrUnsupported for a filter or note that the system lacks, before any change is made
//   - os.ErrClosed after Close, or if Close is called during the Control
func (q *Queue) Control(changes, events []Event, timeout time.Duration) (n int, err error) {
	fd, err := q.handle.Acquire()
	if err != nil {
		return 0, closeErrors.Of(q.handle.Gone())
	}
	if err = refusal(changes); err == nil {
		n, err = control(q, fd, toRaw(changes), toRaw(events), timeout)
	}
	// Return events even if the queue was closed in the meantime: some are not reported again.
	if q.handle.Done() && n == 0 {
		return 0, closeErrors.Of(q.handle.Gone())
	}
	return n, err
}

// Close closes the queue and makes each Control in progress return os.ErrClosed. The last of them
// to return closes the descriptor, so that its number is not reused earlier.
//
// Close returns os.ErrClosed if the queue is already closed, and EBADF if the program has closed
// its descriptor.
func (q *Queue) Close() error {
	return closeErrors.Of(q.handle.Close(func(fd int) {
		q.shared.woken = true
		wake(q.shared, fd)
	}))
}

var (
	errClosed   = &sys.CauseError{Text: "kqueue: the queue is closed", Cause: os.ErrClosed}
	closeErrors = fdref.Errors{
		Closed: errClosed,
		Gone:   &sys.CauseError{Text: "kqueue: another Queue has closed the descriptor", Cause: fdref.ErrGone},
	}
)
