package waker

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// isPipe is false: an eventfd is written and read through one descriptor.
const isPipe = false

const errWouldBlock = unix.EAGAIN

// open returns an eventfd.
func open() (reader, writer int, err error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	return fd, fd, os.NewSyscallError("eventfd", err)
}

// send adds one to the eventfd.
func send(fd int) syscall.Errno {
	one := uint64(1)
	return transfer(unix.SYS_WRITE, fd, &one)
}

// receive resets the eventfd to zero.
func receive(fd int) syscall.Errno {
	var count uint64
	return transfer(unix.SYS_READ, fd, &count)
}

// transfer makes a raw call, because a non-blocking eventfd never blocks the thread.
func transfer(call uintptr, fd int, value *uint64) syscall.Errno {
	for {
		n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(value)), unsafe.Sizeof(*value))
		switch {
		case errno == unix.EINTR:
		case errno == 0 && n != unsafe.Sizeof(*value):
			return unix.EBADF // another file has the number
		default:
			return errno
		}
	}
}

func closeFD(fd int) error { return os.NewSyscallError("close", unix.Close(fd)) }
