//go:build unix

package epollemu

import (
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// kind is a kind of file whose end is reported differently.
type kind uint8

const (
	other kind = iota
	pipe       // both of whose ends read and write
	pipeReader
	pipeWriter
	socket
	epoll // an Epoll of this process
)

func (k kind) isPipe() bool { return k == pipe || k == pipeReader || k == pipeWriter }

// pipeKind returns the kind of a pipe's end.
func pipeKind(fd int) kind {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	switch {
	case err != nil:
	case flags&unix.O_ACCMODE == unix.O_RDONLY:
		return pipeReader
	case flags&unix.O_ACCMODE == unix.O_WRONLY:
		return pipeWriter
	}
	return pipe
}

// file distinguishes open files, as far as fstat(2) can.
type file struct {
	kind          kind
	device, inode uint64
}

// fileOf returns the file of a descriptor. Its errno is EBADF if the descriptor is not open, and
// EPERM if it is a regular file, a directory or a device that is always ready.
func fileOf(fd int) (file, syscall.Errno) {
	var stat unix.Stat_t
	for {
		switch err := unix.Fstat(fd, &stat); err {
		case nil:
		case unix.EINTR:
			continue
		case unix.EBADF:
			return file{}, unix.EBADF
		default:
			return file{}, 0
		}
		break
	}
	f := file{device: uint64(stat.Dev), inode: uint64(stat.Ino)} //nolint:unconvert // the types differ per system
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR:
		return f, unix.EPERM
	case unix.S_IFSOCK:
		f.kind = socket
	case unix.S_IFIFO:
		f.kind = pipeKind(fd)
	case unix.S_IFCHR:
		if isAlwaysReady(&stat) {
			return f, unix.EPERM
		}
	}
	return f, 0
}

// isAlwaysReady reports whether a device is one of those for which epoll_ctl(2) returns EPERM. Some
// kqueues accept them, and report urgent data of none.
func isAlwaysReady(device *unix.Stat_t) bool {
	for _, name := range [...]string{"/dev/null", "/dev/zero", "/dev/full"} {
		var stat unix.Stat_t
		if unix.Stat(name, &stat) == nil && stat.Mode&unix.S_IFMT == unix.S_IFCHR && stat.Rdev == device.Rdev {
			return true
		}
	}
	return false
}

// maxRoom limits the memory of a Take whose list of events is huge.
const maxRoom = 1 << 16

// unpolled marks an entry that poll(2) refused, because RLIMIT_NOFILE is smaller than the list.
const unpolled = -1

// pollAll wraps poll(2) for a list of any length.
func pollAll(list []sys.PollFD) {
	if len(list) == 0 {
		return
	}
	for {
		_, errno := sys.Poll(list, 0)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno != 0 && len(list) == 1:
			list[0].FD = unpolled
		case errno != 0:
			pollAll(list[:len(list)/2])
			pollAll(list[len(list)/2:])
		}
		return
	}
}
