//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package procwatch

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
	"iomux/internal/sys"
)

// watch uses a separate kqueue with EVFILT_PROC, because every mechanism can wait for its
// descriptor. NOTE_EXITSTATUS makes macOS report the status of a child. The BSDs, where the note is
// 0, report the status of every process.
func watch(process *os.Process, notify func()) (*Exit, error) {
	if alive, err := isAlive(process); !alive {
		return nil, fmt.Errorf("watch process %d: %w", process.Pid, err)
	}
	queue, errno := sys.Kqueue()
	if errno != 0 {
		return nil, fmt.Errorf("watch process %d: %w", process.Pid, os.NewSyscallError("kqueue", errno))
	}
	errno = addProcess(queue, process.Pid, kevent.NoteExit|kevent.NoteExitStatus)
	if errno == unix.EACCES || errno == unix.EPERM { // not our child
		errno = addProcess(queue, process.Pid, kevent.NoteExit)
	}
	if errno == 0 {
		return newExit(&processQueue{number: queue, process: process}), nil
	}
	_ = unix.Close(queue) // the first error matters more
	if errno == unix.ESRCH {
		// The process has exited in the meantime, or is a zombie, and this kernel reports
		// only later exits.
		pid := process.Pid
		return PollUntilExit(notify, func() (code int, known, exited bool) {
			code, known = zombieStatus(pid)
			return code, known, true
		}), nil
	}
	return nil, fmt.Errorf("watch process %d: %w", process.Pid, os.NewSyscallError("kevent", errno))
}

func addProcess(queue, pid int, notes uint32) syscall.Errno {
	var change [1]sys.KernelEvent
	change[0].Set(&kevent.Event{
		Ident: uint64(pid), Filter: unix.EVFILT_PROC, Flags: unix.EV_ADD, Fflags: notes,
	})
	_, errno := sys.Kevent(queue, change[:], nil, 0)
	return errno
}

// processQueue is a kqueue that waits for the exit of a process.
type processQueue struct {
	number  int
	process *os.Process
	code    int
	known   bool
	taken   bool
}

func (q *processQueue) fd() int { return q.number }

func (q *processQueue) close() error { return os.NewSyscallError("close", unix.Close(q.number)) }

// status takes the event, which ends the readiness of the queue.
func (q *processQueue) status() (int, bool) {
	var events [1]sys.KernelEvent
	if q.taken {
		return q.code, q.known
	}
	n, errno := sys.Kevent(q.number, nil, events[:], 0)
	if errno != 0 || n == 0 {
		return 0, false
	}
	q.taken = true
	var event kevent.Event
	events[0].Get(&event)
	if event.Fflags&kevent.NoteExitStatus == kevent.NoteExitStatus {
		q.code, q.known = statusOf(syscall.WaitStatus(event.Data)), true
	}
	return q.code, q.known
}
