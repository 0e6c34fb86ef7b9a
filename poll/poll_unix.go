//go:build unix

package poll

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Native tells whether the kernel of this system has poll(2).
const Native = true

func wait(fds []FD, d time.Duration) (int, error) {
	list := unsafe.Slice((*sys.PollFD)(unsafe.Pointer(unsafe.SliceData(fds))), len(fds))
	for countdown := timeout.Start(d); ; {
		n, errno := sys.Poll(list, countdown.Left())
		if countdown.Again(n, errno) {
			continue
		}
		if errno != 0 {
			return 0, waitError(len(fds), errno)
		}
		return n, nil
	}
}

func waitError(entries int, errno syscall.Errno) error {
	err := os.NewSyscallError("poll", errno)
	if errno == syscall.EINVAL {
		return fmt.Errorf("%w: %d entries are more than the process may have descriptors: raise RLIMIT_NOFILE", err, entries)
	}
	return err
}
