//go:build unix && !linux

package waker

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// isPipe is true: the two ends of the pipe are two descriptors.
const isPipe = true

const errWouldBlock = unix.EAGAIN

// open returns a pipe.
func open() (reader, writer int, err error) {
	var fds [2]int
	syscall.ForkLock.RLock() // no child inherits the pipe before it is close-on-exec
	defer syscall.ForkLock.RUnlock()
	if err := unix.Pipe(fds[:]); err != nil {
		return -1, -1, os.NewSyscallError("pipe", err)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		_ = unix.SetNonblock(fd, true) // it succeeds for every open pipe
	}
	return fds[0], fds[1], nil
}

// send writes one byte. If the pipe is full, it is already readable.
func send(fd int) syscall.Errno {
	for {
		_, err := unix.Write(fd, []byte{0})
		if err != unix.EINTR {
			return sys.Errno(err)
		}
	}
}

// receive reads the byte. The pipe holds at most one.
func receive(fd int) syscall.Errno {
	var buffer [64]byte
	for {
		n, err := unix.Read(fd, buffer[:])
		switch {
		case err == unix.EINTR:
		case err == nil && n == 0:
			return unix.EPIPE // the writing end is closed, so the pipe stays readable
		default:
			return sys.Errno(err)
		}
	}
}

func closeFD(fd int) error { return os.NewSyscallError("close", unix.Close(fd)) }
