//go:build unix

package poll

import (
	"time"
	"unsafe"

	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Native reports whether the kernel of this system has poll(2).
const Native = true

func wait(fds []FD, d time.Duration) (int, error) {
	list := unsafe.Slice((*sys.PollFD)(unsafe.Pointer(unsafe.SliceData(fds))), len(fds))
	for countdown := timeout.Start(d); ; {
		n, errno := sys.Poll(list, countdown.Left())
		switch {
		case n > 0 && errno == 0:
			return n, nil
		case countdown.Again(n, errno):
			continue
		case errno != 0:
			return 0, sys.PollError(len(fds), errno)
		}
		return 0, nil
	}
}
