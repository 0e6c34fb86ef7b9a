//go:build unix

package sys

import (
	"math"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ToInt32 returns fd as a C int. It returns EBADF for a number that no descriptor can have, instead
// of truncating it.
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

// FileID identifies a file of the system.
type FileID struct{ device, number uint64 }

// Identify returns the file of a descriptor, or the zero FileID if the descriptor is not open.
func Identify(fd int) FileID {
	var stat unix.Stat_t
	if unix.Fstat(fd, &stat) != nil {
		return FileID{}
	}
	return FileID{uint64(stat.Dev), uint64(stat.Ino)}
}

// IsFile reports whether fd is a regular file or a directory.
func IsFile(fd int) bool {
	var stat unix.Stat_t
	if unix.Fstat(fd, &stat) != nil {
		return false
	}
	kind := stat.Mode & unix.S_IFMT
	return kind == unix.S_IFREG || kind == unix.S_IFDIR
}

// unusable explains why fd is not a valid descriptor.
func unusable(fd int) string {
	if IsOpen(fd) {
		return "it was opened with O_PATH, or the epoll was closed"
	}
	return "it is not open"
}

// unpollable explains why fd cannot be waited on.
func unpollable(fd int) string {
	var stat unix.Stat_t
	if unix.Fstat(fd, &stat) == nil {
		switch stat.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			return "it is a regular file, which is always ready"
		case unix.S_IFDIR:
			return "it is a directory, which is always ready"
		case unix.S_IFCHR, unix.S_IFBLK:
			return "it is a device that cannot be waited on, such as /dev/null: it is always ready"
		}
	}
	return "it cannot be waited on: it is always ready"
}

// Errno returns err as an errno. Calls of x/sys return no other errors.
func Errno(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}

// MaxDescriptors returns RLIMIT_NOFILE, or 0 if it is infinite or unknown.
func MaxDescriptors() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return finite(uint64(limit.Cur))
}

// finite returns limit, or 0 if it is infinite.
func finite(limit uint64) uint64 {
	if limit == unix.RLIM_INFINITY {
		return 0
	}
	return limit
}

// AwaitReadable waits with poll(2) until fd is readable or the timeout expires. With a descriptor
// limit of 0, which makes poll(2) refuse any list, it returns after a millisecond.
func AwaitReadable(fd int, timeout time.Duration) syscall.Errno {
	_, errno := Poll([]PollFD{{FD: int32(fd), Events: PollIn}}, timeout)
	if errno == unix.EINVAL {
		time.Sleep(time.Millisecond)
		return 0
	}
	return errno
}
