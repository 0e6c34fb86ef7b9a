//go:build linux

package kqueueemu

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// file is FilterRead and FilterWrite of what epoll does not take, because it is always ready: regular files, directories, and
// devices such as /dev/null. Regular files are ready for reading as long as there is something behind the offset, and
// inotify tells when there is something again.
type file struct{}

// identity is what tells a file from all others, and what FilterVnode compares.
type identity struct {
	device, inode uint64
	links         uint64
	size          int64
	mode          uint32
	uid, gid      uint32
}

// identify asks for the file behind the descriptor.
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

func (i identity) isFile() bool {
	return i.mode&unix.S_IFMT == unix.S_IFREG || i.mode&unix.S_IFMT == unix.S_IFDIR
}

// same asks whether the descriptor still is of the note's file.
func (k *note) same() (identity, syscall.Errno) {
	now, errno := identify(k.ident)
	if errno == 0 && (k.gone || now.device != k.file.device || now.inode != k.file.inode) {
		errno = unix.ENOENT
	}
	return now, errno
}

func (file) attach(q *Queue, epoll int, k *note) (errno syscall.Errno) {
	if k.file, errno = identify(k.ident); errno != 0 {
		return errno
	}
	if k.filter == Read && k.file.isFile() {
		if errno := q.watch(epoll, k, unix.IN_MODIFY); errno != 0 {
			return errno
		}
	}
	q.activate(k)
	return 0
}

func (file) touch(q *Queue, _ int, k *note, change Event) syscall.Errno {
	q.readInotify() // which tells if the file is no more
	if _, errno := k.same(); errno != 0 {
		return errno
	}
	if change.Flags&evAdd != 0 {
		k.fflags, k.data = change.Fflags, change.Data
	}
	return 0
}

func (file) enable(q *Queue, _ int, k *note) syscall.Errno {
	q.activate(k)
	return 0
}

func (file) detach(q *Queue, epoll int, k *note) syscall.Errno {
	q.unwatch(k)
	if epoll < 0 {
		return 0
	}
	_, errno := k.same()
	return errno
}

func (file) fire(_ *Queue, k *note, _ uint32) (report, bool) {
	now, errno := k.same()
	if errno != 0 {
		return report{}, false
	}
	if k.filter == Write || !now.isFile() {
		return report{}, true
	}
	offset, err := unix.Seek(int(k.ident), 0, unix.SEEK_CUR)
	if err != nil {
		return report{}, false
	}
	left := now.size - offset
	least := int64(1)
	if k.fflags&noteLowat != 0 {
		least = max(k.data, 1)
	}
	return report{data: left}, left >= least
}

func (file) again(q *Queue, _ int, k *note) syscall.Errno { return q.goesOn(k) }
