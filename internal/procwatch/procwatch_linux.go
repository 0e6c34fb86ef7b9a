package procwatch

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// watch uses a pidfd. Before Linux 5.4, and in sandboxes without pidfds, it uses a goroutine.
func watch(process *os.Process, notify func()) (*Exit, error) {
	fd, err := sys.NewProcess(process)
	switch {
	case err == nil:
		return newExit(pidfd(fd)), nil
	case errors.Is(err, os.ErrNoHandle), errors.Is(err, errors.ErrUnsupported), errors.Is(err, unix.EPERM):
		return watchByPolling(process, notify)
	}
	return nil, fmt.Errorf("watch process %d: %w", process.Pid, err)
}

// pidfd is the source of an Exit with a descriptor of the process.
type pidfd int

func (p pidfd) fd() int { return int(p) }

func (p pidfd) status() (int, bool) {
	wait, known := sys.WaitStatus(int(p))
	return statusOf(syscall.WaitStatus(wait)), known
}

func (p pidfd) close() error { return os.NewSyscallError("close", unix.Close(int(p))) }

// watchByPolling watches a process without a descriptor.
func watchByPolling(process *os.Process, notify func()) (*Exit, error) {
	if alive, err := isAlive(process); !alive {
		return nil, fmt.Errorf("watch process %d: %w", process.Pid, err)
	}
	return PollUntilExit(notify, func() (int, bool, bool) { return checkExit(process) }), nil
}

// checkExit checks the process as its parent, without reaping it. If the process is not a child,
// checkExit only detects whether it exists.
func checkExit(process *os.Process) (code int, known, exited bool) {
	wait, exited, errno := sys.ChildStatus(unix.P_PID, process.Pid)
	switch {
	case errno != 0: // not a child of this process, or reaped
		alive, _ := isAlive(process)
		return 0, false, !alive
	case !exited:
		return 0, false, false
	}
	return statusOf(syscall.WaitStatus(wait)), true, true
}
