//go:build unix

package sys

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// PollError returns the error of a poll(2) with a list of entries. EINVAL means that there are too
// many of them.
func PollError(entries int, errno syscall.Errno) error {
	return pollError(runtime.GOOS, entries, errno)
}

// pollError is PollError for a system.
func pollError(goos string, entries int, errno syscall.Errno) error {
	err := os.NewSyscallError("poll", errno)
	if errno != syscall.EINVAL {
		return err
	}
	advice := "raise RLIMIT_NOFILE"
	if goos == "freebsd" || goos == "dragonfly" {
		advice = "raise the sysctl kern.maxfilesperproc"
	}
	return fmt.Errorf("%w: the list has %d entries, more than the system takes: %s", err, entries, advice)
}
