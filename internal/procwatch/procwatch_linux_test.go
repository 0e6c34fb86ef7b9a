package procwatch

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
)

// watchers holds the ways to watch a process on this system.
var watchers = map[string]watcher{"pidfd": Watch, "polling": watchByPolling}

// Old kernels and sandboxes refuse pidfd_open. A goroutine then checks the process.
func TestSandbox(t *testing.T) {
	suite.Sandbox(t, func(t *testing.T, errno unix.Errno) {
		suite.Forbid(t, errno, unix.SYS_PIDFD_OPEN)
		child, _ := start(t, "42")
		other, err := os.FindProcess(child.Process.Pid)
		must(t, err)
		for _, process := range []*os.Process{child.Process, other} {
			notified := make(chan struct{}, 1)
			exit, err := Watch(process, func() { notified <- struct{}{} })
			must(t, err)
			if exit.FD() >= 0 {
				t.Error("it has a descriptor")
			}
			await(t, exit, notified)
			if status, known := exit.Status(); status != 42 || !known {
				t.Errorf("status is %d, %v, want 42", status, known)
			}
			must(t, exit.Close())
		}
		_ = child.Wait() // its error is the status
	})
}
