package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// ReadFile returns the contents of a file of /proc. Unlike os.ReadFile it never starts the Go
// runtime's netpoller, which ends the program if no descriptor is left.
func ReadFile(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	text, errno := ReadAll(fd)
	_ = unix.Close(fd) // nothing was written to it
	if errno != 0 {
		return nil, errno
	}
	return text, nil
}

// ReadAll returns the contents of an open file, from its start.
func ReadAll(fd int) ([]byte, syscall.Errno) {
	var text []byte
	for buffer := make([]byte, 4096); ; {
		switch n, err := unix.Pread(fd, buffer, int64(len(text))); {
		case err == unix.EINTR:
		case err != nil:
			return nil, err.(syscall.Errno)
		case n == 0:
			return text, 0
		default:
			text = append(text, buffer[:n]...)
		}
	}
}
