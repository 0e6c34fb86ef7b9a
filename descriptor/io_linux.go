package descriptor

import (
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// withoutNoWait is set where preadv2(2) and pwritev2(2) are missing. Android kills a process for a call that it does not
// know, so there they are not tried.
var withoutNoWait atomic.Bool

func init() { withoutNoWait.Store(runtime.GOOS == "android") }

// rawBytes is the size up to which a transfer is made without telling the Go scheduler: copying more takes so long that the
// processor is better handed on.
const rawBytes = 64 << 10

func tryRead(fd int, p []byte) (int, error) {
	return try(unix.SYS_PREADV2, fd, p, readByMode)
}

func tryWrite(fd int, p []byte) (int, error) {
	return try(unix.SYS_PWRITEV2, fd, p, writeByMode)
}

// try makes one call with RWF_NOWAIT, which does not block even if the descriptor is in blocking mode, or else goes by that
// mode.
func try(call uintptr, fd int, p []byte, byMode func(int, []byte) (int, error)) (int, error) {
	if fd < 0 || fd > math.MaxInt32 {
		return 0, unix.EBADF
	}
	for !withoutNoWait.Load() {
		n, errno := noWait(call, fd, p)
		switch errno {
		case 0:
			return n, nil
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			// A regular file says so of data that is still on the disk. What cannot be seeked means it.
			if _, _, errno := unix.RawSyscall(unix.SYS_LSEEK, uintptr(fd), 0, unix.SEEK_CUR); errno == unix.ESPIPE {
				return 0, unix.EAGAIN
			}
			return byMode(fd, p)
		case unix.EOPNOTSUPP, unix.EINVAL, unix.EPERM:
			// This kind of file does not know the flag, a terminal say, or the kernel does not (before Linux 4.13), or a
			// sandbox forbids the call. Where something else is wrong, the other way finds it too.
			return byMode(fd, p)
		case unix.ENOSYS:
			withoutNoWait.Store(true)
		default:
			return 0, errno
		}
	}
	return byMode(fd, p)
}

func noWait(call uintptr, fd int, p []byte) (int, unix.Errno) {
	vector := unix.Iovec{Base: unsafe.SliceData(p)}
	vector.SetLen(len(p))
	var n uintptr
	var errno unix.Errno
	const atPosition = ^uintptr(0) // -1: where the file is, which it moves on
	if len(p) <= rawBytes {
		n, _, errno = unix.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(&vector)), 1, atPosition, atPosition, unix.RWF_NOWAIT)
	} else {
		n, _, errno = unix.Syscall6(call, uintptr(fd), uintptr(unsafe.Pointer(&vector)), 1, atPosition, atPosition, unix.RWF_NOWAIT)
	}
	return int(n), errno
}
