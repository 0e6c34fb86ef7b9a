package netpark

import (
	"os"

	"golang.org/x/sys/unix"
)

func duplicate(fd int) (int, error) {
	twin, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	return twin, os.NewSyscallError("fcntl", err)
}

func setNonblock(fd int) error { return os.NewSyscallError("fcntl", unix.SetNonblock(fd, true)) }

func closeFD(fd int) error { return unix.Close(fd) }
