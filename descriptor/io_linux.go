package descriptor

import (
	"math"
	"math/rand/v2"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lacksNoWait is set if preadv2(2) and pwritev2(2) are missing. Android kills a process for an
// unknown call, so they are not tried there.
var lacksNoWait atomic.Bool

// rawBytes is the size up to which a transfer is a raw call. A larger copy takes so long that the
// scheduler should be able to run other goroutines.
const rawBytes = 64 << 10

// socketCall returns the number of the call that takes MSG_DONTWAIT.
func (d direction) socketCall() uintptr {
	if d == reading {
		return unix.SYS_RECVFROM
	}
	return unix.SYS_SENDTO
}

// fileCall returns the number of the call that takes RWF_NOWAIT.
func (d direction) fileCall() uintptr {
	if d == reading {
		return unix.SYS_PREADV2
	}
	return unix.SYS_PWRITEV2
}

// atOffset makes preadv2(2) and pwritev2(2) use the offset of the file, and move it.
const atOffset = ^uintptr(0)

// try makes one call that does not block even if the descriptor is in blocking mode. Sockets take
// MSG_DONTWAIT, which is faster than read(2) and write(2). Other files take RWF_NOWAIT.
//
// The usual case is one function, because each return after a system call costs about 8 ns on
// processors whose kernel clears the predictions of returns.
func (d direction) try(fd int, p []byte) (int, error) {
	// An empty p is rare, and recvfrom(2) would drop a datagram.
	if uint(fd) > math.MaxInt32 || uint(len(p))-1 >= rawBytes || lacksNoWait.Load() {
		return d.tryRare(fd, p)
	}
	if !nonSockets.has(fd) {
		n, _, errno := syscall.RawSyscall6(d.socketCall(), uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
			uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
		if errno == 0 {
			return int(n), nil
		}
		return d.afterSocket(fd, p, errno)
	}
	vector := unix.Iovec{Base: unsafe.SliceData(p)}
	vector.SetLen(len(p))
	n, _, errno := syscall.RawSyscall6(d.fileCall(), uintptr(fd), uintptr(unsafe.Pointer(&vector)), 1, atOffset, atOffset,
		unix.RWF_NOWAIT)
	if errno == 0 && n > 0 {
		return int(n), nil
	}
	return d.afterFile(fd, p, errno)
}

// afterSocket handles errno of the call for sockets.
func (d direction) afterSocket(fd int, p []byte, errno syscall.Errno) (int, error) {
	switch {
	case errno == unix.EINTR:
		return d.try(fd, p)
	case refusesSocketCall(errno):
		nonSockets.add(fd)
		return d.tryFile(fd, p)
	}
	return 0, errno
}

// refusesSocketCall reports whether errno means that the file is not a socket, or that a sandbox
// forbids the call.
func refusesSocketCall(errno syscall.Errno) bool {
	switch errno {
	case unix.ENOTSOCK, unix.EOPNOTSUPP, unix.ENOSYS, unix.EPERM, unix.EINVAL:
		return true
	}
	return false
}

// tryRare is try for unusual arguments and systems. It does not use raw calls for large transfers.
func (d direction) tryRare(fd int, p []byte) (int, error) {
	switch {
	case fd < 0 || fd > math.MaxInt32:
		return 0, unix.EBADF
	case lacksNoWait.Load():
		return d.byMode(fd, p)
	}
	return d.tryFile(fd, p)
}

// tryFile makes the call for files, which also works for sockets.
func (d direction) tryFile(fd int, p []byte) (int, error) {
	vector := unix.Iovec{Base: unsafe.SliceData(p)}
	vector.SetLen(len(p))
	n, _, errno := syscall.Syscall6(d.fileCall(), uintptr(fd), uintptr(unsafe.Pointer(&vector)), 1, atOffset, atOffset,
		unix.RWF_NOWAIT)
	if errno == 0 {
		return int(n), nil
	}
	return d.afterFile(fd, p, errno)
}

// afterFile handles errno of the call for files, and the end of the file. The number may soon
// belong to a socket, or already does.
func (d direction) afterFile(fd int, p []byte, errno syscall.Errno) (int, error) {
	switch errno {
	case 0:
		nonSockets.remove(fd)
		return 0, nil
	case unix.EINTR:
		return d.try(fd, p)
	case unix.EAGAIN:
		if rand.Uint32()%256 == 0 {
			nonSockets.remove(fd)
		}
		// EAGAIN of a regular file means that the data is still on the disk.
		if _, _, errno := unix.RawSyscall(unix.SYS_LSEEK, uintptr(fd), 0, unix.SEEK_CUR); errno == unix.ESPIPE {
			return 0, unix.EAGAIN
		}
	case unix.EOPNOTSUPP, unix.EINVAL, unix.EPERM:
		// Terminals, some devices and older kernels do not support the flag. A sandbox may
		// forbid the call. After any other mistake, byMode returns the error.
		return d.withoutFlag(fd, p)
	case unix.ENOSYS:
		lacksNoWait.Store(true)
	default:
		nonSockets.remove(fd)
		return 0, errno
	}
	return d.byMode(fd, p)
}

// withoutFlag is try for a file that does not support RWF_NOWAIT. On older kernels it may be a
// socket.
func (d direction) withoutFlag(fd int, p []byte) (int, error) {
	if len(p) == 0 { // recvfrom(2) would drop a datagram
		return d.byMode(fd, p)
	}
	n, _, errno := syscall.Syscall6(d.socketCall(), uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))),
		uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
	if refusesSocketCall(errno) {
		return d.byMode(fd, p)
	}
	nonSockets.remove(fd)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EINTR:
		return d.try(fd, p)
	}
	return 0, errno
}

// nonSockets holds descriptors that were not sockets when they were last used, so that the call for
// sockets can be skipped. A stale entry only costs time, because tryFile also works for sockets.
var nonSockets numberSet

// numberSet is a set of descriptors. It distinguishes them by their lowest 16 bits only.
type numberSet [1 << 16 / 32]atomic.Uint32

func (n *numberSet) at(fd int) (word *atomic.Uint32, bit uint32) {
	return &n[fd/32%len(n)], 1 << (fd % 32)
}

func (n *numberSet) has(fd int) bool {
	word, bit := n.at(fd)
	return word.Load()&bit != 0
}

func (n *numberSet) add(fd int) {
	word, bit := n.at(fd)
	word.Or(bit)
}

func (n *numberSet) remove(fd int) {
	word, bit := n.at(fd)
	word.And(^bit)
}
