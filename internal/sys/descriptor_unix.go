//go:build unix

package sys

import (
	"math"
	"syscall"

	"golang.org/x/sys/unix"
)

// ToInt32 is fd as a kernel takes it. Numbers that no descriptor can have are EBADF, rather than cut to another one's.
func ToInt32(fd int) (int32, syscall.Errno) {
	if fd < 0 || fd > math.MaxInt32 {
		return -1, syscall.EBADF
	}
	return int32(fd), 0
}

// IsOpen reports whether fd is an open descriptor of this process. It does not block.
func IsOpen(fd int) bool {
	if _, errno := ToInt32(fd); errno != 0 {
		return false
	}
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// IsFile reports whether fd is a regular file or a directory, which is always ready.
func IsFile(fd int) bool {
	var stat unix.Stat_t
	if unix.Fstat(fd, &stat) != nil {
		return false
	}
	return stat.Mode&unix.S_IFMT == unix.S_IFREG || stat.Mode&unix.S_IFMT == unix.S_IFDIR
}

// Errno is the number in an error of x/sys, whose calls return nothing else.
func Errno(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}
