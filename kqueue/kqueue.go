// Package kqueue is kqueue(2): one queue that tells of descriptors, files, processes, signals, timers and events of the
// program's own.
//
// It is native on macOS, FreeBSD, NetBSD, OpenBSD and DragonFly. On Linux it is emulated in user space, over epoll, timerfd,
// pidfd, inotify and os/signal, with FreeBSD's numbers. Elsewhere New returns an error that is errors.ErrUnsupported;
// constants and types exist everywhere.
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
// # What every program that uses kqueue should know
//
// A registration is a pair of ident and filter, in one queue: to add it again modifies it. It belongs to the number of a
// descriptor, and ends when that number is closed. Events with EvClear, EvOneShot or EvDispatch reach one of several waiting
// goroutines; what is reported all the time that it lasts may reach each of them.
//
// In Go a signal that FilterSignal watches still does what it does by default, on the systems whose kernel has kqueue: pass
// it to signal.Ignore or signal.Notify of os/signal as well.
//
// # What a system lacks
//
// Filters and notes that a system lacks are refused by Control with errors.ErrUnsupported, by name, before any change of the
// list is made. What is native is the kernel's own: its version may be older than the filter.
//
//	               macOS    FreeBSD  NetBSD   OpenBSD  DragonFly  Linux
//	FilterRead     native   native   native   native   native     emulated
//	FilterWrite    native   native   native   native   native     emulated
//	FilterAIO      native   native   native   native   native     refused
//	FilterVnode    native   native   native   native   native     emulated, without NoteRevoke
//	FilterProc     native   native   native   native   native     emulated, NoteExit alone
//	FilterNetdev   refused  refused  refused  refused  refused    refused
//	FilterSignal   native   native   native   native   native     emulated
//	FilterTimer    native   native   native   native   native     emulated
//	FilterUser     native   native   10       7.8      native     emulated
//	FilterExcept   native   refused  refused  native   native     emulated
//	FilterFS       native   native   native   refused  native     refused
//	FilterEmpty    refused  native   native   refused  refused    refused
//	FilterProcDesc refused  native   refused  refused  refused    refused
//
// NoteOpen, NoteClose, NoteCloseWrite and NoteRead are on FreeBSD, NetBSD 10 and Linux. The timers of DragonFly count milliseconds and nothing else. NetBSD forgets EvDispatch of FilterVnode,
// FilterTimer and FilterSignal where EvClear is in force, as it is with the latter two. Of kernels that are older than the filter
// (FilterUser: NetBSD 10, OpenBSD 7.8) the answer is EINVAL.
//
// # What the emulation does differently
//
// The emulation refuses FilterAIO, FilterEmpty, FilterFS, FilterNetdev, FilterProcDesc, NoteRevoke,
// NoteFork, NoteExec and NoteTrack with errors.ErrUnsupported. With EOPNOTSUPP, which is errors.ErrUnsupported too, it answers
// NoteLowat with FilterWrite above what Linux itself waits for (4096 bytes of a pipe, a third of a socket's buffer), and the
// signals 32 to 34. Besides:
//
//   - A descriptor's registration ends with the file, not with the number: while a duplicate of it is open elsewhere, it costs a
//     spurious wake-up for each arrival, and it is never reported.
//   - A socket's error is asked of the socket, which tells it once: it is in Fflags of this and later events, of both filters,
//     and SO_ERROR is zero afterwards.
//   - Data of FilterRead is the size of the first datagram; 1 of an eventfd, timerfd, queue or epoll, and of a listening
//     socket that is not TCP's. Data of FilterWrite is what the socket's buffer has left by the kernel's way of counting, and 0
//     of what is neither a socket nor a pipe.
//   - Regular files and FilterVnode need /proc. What happens between two calls of Control may come as one event. A directory
//     that is removed while it is open is not told of. An fd of a pipe, a socket or the like is EINVAL.
//   - FilterProc tells how a process ended: of a child always, of others if they are of the same user or on Linux 6.15, and
//     else Data is -1. Where only the kernel tells, it does when the parent has waited for the process.
//   - FilterSignal makes the program catch the signal, as signal.Notify does. Signals that arrive faster than the Go runtime
//     takes them are counted as one.
//   - Queues can be watched by queues as deep as Linux lets epolls be, four inside the outermost; then the answer is ELOOP.
//   - A timer and a process cost a descriptor each, a queue two to four.
//   - EvEnable, EvDisable and changes without a flag leave Fflags and Data of the registration as they are.
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
