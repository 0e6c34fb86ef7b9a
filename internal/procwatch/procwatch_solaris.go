package procwatch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// watch reads /proc, because the other calls of this system report the exit of a child only by
// reaping it.
func watch(process *os.Process, notify func()) (*Exit, error) {
	if alive, err := isAlive(process); !alive {
		return nil, fmt.Errorf("watch process %d: %w", process.Pid, err)
	}
	return PollUntilExit(notify, func() (int, bool, bool) { return checkExit(process.Pid) }), nil
}

// checkExit reads struct psinfo. A zombie has no threads.
func checkExit(pid int) (code int, known, exited bool) {
	const threadsAt, statusAt, size = 4, 232, 256
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/psinfo")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, false, true
	case err != nil || len(text) < size || binary.NativeEndian.Uint32(text[threadsAt:]) != 0:
		return 0, false, false
	}
	return statusOf(syscall.WaitStatus(binary.NativeEndian.Uint32(text[statusAt:]))), true, true
}
