package procwatch

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// watch uses a pidfd. Before Linux 5.4, and in sandboxes without one, a goroutine asks.
func watch(process *os.Process, notify func()) (*Exit, error) {
	fd, err := sys.NewProcess(process)
	switch {
	case err == nil:
		return &Exit{source: pidfd(fd)}, nil
	case errors.Is(err, os.ErrNoHandle), errors.Is(err, errors.ErrUnsupported), errors.Is(err, unix.EPERM):
		return watchByAsking(process, notify)
	}
	return nil, fmt.Errorf("watch process %d: %w", process.Pid, err)
}

// pidfd is a descriptor of a process.
type pidfd int

func (p pidfd) fd() int { return int(p) }

func (p pidfd) status() (int, bool) { return sys.ExitStatus(int(p)) }

func (p pidfd) close() error { return os.NewSyscallError("close", unix.Close(int(p))) }

func watchByAsking(process *os.Process, notify func()) (*Exit, error) {
	if alive, err := isAlive(process); !alive {
		return nil, fmt.Errorf("watch process %d: %w", process.Pid, err)
	}
	return Ask(notify, func() (int, bool, bool) { return question(process) }), nil
}

// question asks as the parent, without reaping the child. Of another's child it can only see
// whether that still exists.
func question(process *os.Process) (code int, known, exited bool) {
	wait, exited, errno := sys.ChildStatus(unix.P_PID, process.Pid)
	switch {
	case errno != 0: // not our child, or reaped
		alive, _ := isAlive(process)
		return 0, false, !alive
	case !exited:
		return 0, false, false
	}
	return codeOf(syscall.WaitStatus(wait)), true, true
}
