//go:build unix

package descriptor

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/freelist"
	"iomux/internal/sys"
)

// pipeRoom is the number of bytes that every writable pipe accepts without blocking: POSIX's
// minimum of PIPE_BUF.
const pipeRoom = 512

// byMode reads or writes in the mode of the descriptor.
func (d direction) byMode(fd int, p []byte) (int, error) {
	if d == reading {
		return readByMode(fd, p)
	}
	return writeByMode(fd, p)
}

// readByMode reads from a descriptor in non-blocking mode at once, and from one in blocking mode
// only if it is readable.
func readByMode(fd int, p []byte) (int, error) {
	blocking, err := isBlocking(fd)
	if err != nil {
		return 0, err
	}
	if blocking {
		if err := ready(fd, unix.POLLIN); err != nil {
			return 0, err
		}
	}
	if len(p) == 0 { // DragonFly would drop a datagram
		return 0, nil
	}
	for {
		n, err := unix.Read(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// writeByMode writes to a descriptor in non-blocking mode at once. To one in blocking mode it
// writes only as much as there is room for.
func writeByMode(fd int, p []byte) (int, error) {
	blocking, err := isBlocking(fd)
	if err != nil {
		return 0, err
	}
	isSocket := false
	if blocking {
		if err := ready(fd, unix.POLLOUT); err != nil {
			return 0, err
		}
		var stat unix.Stat_t
		if err := unix.Fstat(fd, &stat); err != nil {
			return 0, err
		}
		switch uint32(stat.Mode) & unix.S_IFMT {
		case unix.S_IFSOCK:
			isSocket = true
		case unix.S_IFIFO:
			p = p[:min(len(p), pipeRoom)]
		case unix.S_IFCHR:
			p = p[:min(len(p), 1)]
		}
	}
	for {
		n, err := writeOnce(fd, p, isSocket)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// dontWait returns the flags with which sendmsg(2) does not block. If there is no room, NetBSD
// checks only MSG_NBIO.
func dontWait() int {
	const msgNBIO = 0x1000
	if runtime.GOOS == "netbsd" {
		return sys.MsgDontWait | msgNBIO
	}
	return sys.MsgDontWait
}

// writeOnce wraps write(2), or sendmsg(2) for a socket, which then does not block.
func writeOnce(fd int, p []byte, isSocket bool) (int, error) {
	if isSocket {
		return unix.SendmsgN(fd, p, nil, nil, dontWait())
	}
	return unix.Write(fd, p)
}

func isBlocking(fd int) (bool, error) {
	if _, errno := sys.ToInt32(fd); errno != 0 {
		return false, errno
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return flags&unix.O_NONBLOCK == 0, err
}

// pollLists holds lists of one descriptor, which each call on DragonFly would otherwise allocate.
var pollLists freelist.Slices[sys.PollFD]

// ready returns EAGAIN if reading or writing would block. The end of file and an error do not
// block.
func ready(fd int, events uint16) error {
	fds := pollLists.Get(1)
	defer pollLists.Put(fds)
	fds[0] = sys.PollFD{FD: int32(fd), Events: events}
	for {
		n, errno := sys.Poll(fds, 0)
		switch {
		case errno == unix.EINTR:
		case errno == unix.EINVAL, errno == 0 && fds[0].Revents&unix.POLLNVAL != 0:
			return readySelect(fd, events)
		case errno != 0:
			return errno
		case n == 0:
			return unix.EAGAIN
		default:
			return nil
		}
	}
}

// readySelect is ready with select(2), for devices that macOS does not support in poll(2), and for
// a descriptor limit of 0, with which Linux refuses every poll(2).
func readySelect(fd int, events uint16) error {
	const bits = int(unsafe.Sizeof(sys.SelectWord(0))) * 8
	set := make([]sys.SelectWord, fd/bits+1)
	for {
		set[fd/bits] = 1 << (fd % bits)
		var n int
		var errno unix.Errno
		if events == unix.POLLIN {
			n, errno = sys.Select(fd+1, &set[0], nil, nil, 0)
		} else {
			n, errno = sys.Select(fd+1, nil, &set[0], nil, 0)
		}
		switch {
		case errno == unix.EINTR:
		case errno != 0:
			return errno
		case n == 0:
			return unix.EAGAIN
		default:
			return nil
		}
	}
}
