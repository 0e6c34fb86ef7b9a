//go:build linux

package kqueueemu

import (
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// file is the source of FilterRead and FilterWrite for files that epoll refuses because they are
// always ready: regular files, directories, and devices such as /dev/null. A regular file is ready
// for reading while its offset is not at its end. Inotify reports when its size changes.
type file struct{}

// identity distinguishes a file from all others. FilterVnode also compares it to detect changes.
type identity struct {
	device, inode uint64
	links         uint64
	size          int64
	mode          uint32
	uid, gid      uint32
}

// identify returns the identity of the descriptor's file.
func identify(fd uint64) (identity, syscall.Errno) {
	var stat unix.Stat_t
	if err := unix.Fstat(int(fd), &stat); err != nil {
		return identity{}, err.(syscall.Errno)
	}
	return identity{
		device: uint64(stat.Dev), inode: stat.Ino, links: uint64(stat.Nlink), size: stat.Size, //nolint:unconvert // their types differ from processor to processor
		mode: stat.Mode, uid: stat.Uid, gid: stat.Gid,
	}, 0
}

func (i identity) isFile() bool { return i.isRegular() || i.isDirectory() }

func (i identity) isRegular() bool { return i.mode&unix.S_IFMT == unix.S_IFREG }

func (i identity) isDirectory() bool { return i.mode&unix.S_IFMT == unix.S_IFDIR }

func (i identity) isDevice() bool { return i.mode&unix.S_IFMT == unix.S_IFCHR }

// same returns the current identity of the registration's file, or ENOENT if the descriptor now
// belongs to another file.
func (r *registration) same() (identity, syscall.Errno) {
	now, errno := identify(r.ident)
	if errno == 0 && (r.gone || now.device != r.file.device || now.inode != r.file.inode) {
		errno = unix.ENOENT
	}
	return now, errno
}

func (file) attach(q *Queue, epoll int, r *registration) (errno syscall.Errno) {
	if r.file, errno = identify(r.ident); errno != 0 {
		return errno
	}
	if r.filter == kevent.FilterRead && r.file.isFile() {
		if errno := q.watchFile(epoll, r, unix.IN_MODIFY); errno != 0 {
			return errno
		}
	}
	q.activate(r)
	return 0
}

func (file) touch(q *Queue, _ int, r *registration, change kevent.Event) syscall.Errno {
	q.readInotify() // it reports whether the file no longer exists
	if _, errno := r.same(); errno != 0 {
		return errno
	}
	if change.Flags&kevent.Add != 0 {
		r.fflags, r.data = change.Fflags, change.Data
	}
	return 0
}

func (file) enable(q *Queue, _ int, r *registration) syscall.Errno {
	q.activate(r)
	return 0
}

func (file) detach(q *Queue, epoll int, r *registration) syscall.Errno {
	q.unwatchFile(r)
	q.unwatchParent(r)
	if epoll < 0 {
		return 0
	}
	_, errno := r.same()
	return errno
}

func (file) fire(_ *Queue, r *registration, _ uint32) (report, bool, syscall.Errno) {
	now, errno := r.same()
	if errno != 0 {
		return report{}, false, errno
	}
	if r.filter == kevent.FilterWrite || !now.isFile() {
		return report{}, true, 0
	}
	offset, err := unix.Seek(int(r.ident), 0, unix.SEEK_CUR)
	if err != nil {
		return report{}, false, err.(syscall.Errno)
	}
	left := now.size - offset
	least := int64(1)
	if r.fflags&kevent.NoteLowat != 0 {
		least = max(r.data, 1)
	}
	return report{data: left}, left < 0 || left >= least, 0
}

func (file) reportAgain(q *Queue, _ int, r *registration) syscall.Errno { return q.reactivate(r) }
