//go:build unix

package descriptor

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// pipeRoom is what a pipe that is ready for writing takes without blocking, on every system: POSIX' least PIPE_BUF.
const pipeRoom = 512

// readByMode reads from a non-blocking descriptor as it is, and from a blocking one only after a look whether there is
// something to read.
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
	for {
		n, err := unix.Read(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// writeByMode writes to a non-blocking descriptor as it is, and to a blocking one no more than it has room for.
func writeByMode(fd int, p []byte) (int, error) {
	blocking, err := isBlocking(fd)
	if err != nil {
		return 0, err
	}
	write := unix.Write
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
			write = send
		case unix.S_IFIFO:
			p = p[:min(len(p), pipeRoom)]
		case unix.S_IFCHR:
			p = p[:min(len(p), 1)]
		}
	}
	for {
		n, err := write(fd, p)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

// send is write(2) to a socket, without blocking.
func send(fd int, p []byte) (int, error) {
	return unix.SendmsgN(fd, p, nil, nil, dontWait)
}

func isBlocking(fd int) (bool, error) {
	if _, errno := sys.ToInt32(fd); errno != 0 {
		return false, errno
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return flags&unix.O_NONBLOCK == 0, err
}

// ready is EAGAIN unless reading or writing would not block: what ends them with an error or the end of file is ready too.
func ready(fd int, events uint16) error {
	fds := [1]sys.PollFD{{FD: int32(fd), Events: events}}
	for {
		n, errno := sys.Poll(fds[:], 0)
		switch {
		case errno == unix.EINTR:
		case errno != 0:
			return errno
		case n == 0:
			return unix.EAGAIN
		case fds[0].Revents&unix.POLLNVAL != 0:
			return readySelect(fd, events)
		default:
			return nil
		}
	}
}

// readySelect is ready for an open descriptor that poll(2) does not know what to do with: some devices of macOS.
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
