//go:build unix

package leak

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/kqueue"
)

// highest is the end of the range that is checked. Tests that open higher descriptors close them
// themselves.
const highest = 1 << 14

func openDescriptors() map[int]bool {
	open := make(map[int]bool)
	for fd := range highest {
		if sys.IsOpen(fd) {
			open[fd] = true
		}
	}
	return open
}

// FewDescriptors reports whether the process may have fewer than 1024 descriptors.
func FewDescriptors() bool {
	var limit unix.Rlimit
	return unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil && limit.Max < 1024
}

// Count returns the number of open descriptors.
func Count() int { return len(openDescriptors()) }

// describe returns the target of the descriptor. Only Linux has it.
func describe(fd int) string {
	target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return "of unknown type"
	}
	return target
}

// ofRuntime reports whether the Go runtime uses the descriptor. It keeps files open to read the
// limits of its control group.
func ofRuntime(fd int) bool { return strings.HasPrefix(describe(fd), "/sys/fs/cgroup/") }

// startRuntimePoller makes the Go runtime open the descriptors that it opens with the first pipe
// and keeps. Package kqueue keeps one from the first queue on if the kernel has kqueue.
func startRuntimePoller() {
	r, w, err := os.Pipe()
	if err == nil {
		_, _ = r.Close(), w.Close()
	}
	if queue, err := kqueue.New(); err == nil {
		_ = queue.Close()
	}
}
