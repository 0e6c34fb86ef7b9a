//go:build unix

package leak

import (
	"fmt"
	"os"
	"strings"

	"iomux/internal/sys"
)

// highest is the number up to which descriptors are looked for: tests that ask for higher ones close them themselves.
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

// Count is how many descriptors are open.
func Count() int { return len(openDescriptors()) }

// describe is what Linux knows of the descriptor.
func describe(fd int) string {
	target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return "of unknown kind"
	}
	return target
}

// ofRuntime reports whether the Go runtime made the descriptor for itself: it keeps files open from which it reads the
// limits of its control group.
func ofRuntime(fd int) bool { return strings.HasPrefix(describe(fd), "/sys/fs/cgroup/") }

// startRuntimePoller makes the descriptors that the Go runtime makes with the first pipe and keeps.
func startRuntimePoller() {
	r, w, err := os.Pipe()
	if err == nil {
		_, _ = r.Close(), w.Close()
	}
}
