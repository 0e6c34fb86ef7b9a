//go:build unix

package measure

import (
	"golang.org/x/sys/unix"

	"iomux/descriptor"
)

// sources names the things to wait on.
const sources = "pipes"

// pair returns a non-blocking pipe.
func pair() (read, write int, err error) {
	var ends [2]int
	if err := unix.Pipe(ends[:]); err != nil {
		return 0, 0, err
	}
	for _, fd := range ends {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			return 0, 0, err
		}
	}
	return ends[0], ends[1], nil
}

func closeDescriptor(fd int) { _ = unix.Close(fd) }

func tryRead(fd int, p []byte) (int, error) { return descriptor.TryRead(fd, p) }

func tryWrite(fd int, p []byte) (int, error) { return descriptor.TryWrite(fd, p) }
