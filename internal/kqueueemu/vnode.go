//go:build linux

package kqueueemu

import (
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// vnode is the source of FilterVnode, with inotify.
type vnode struct{}

// entryEvents are inotify's events about the names in a directory.
const entryEvents = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO

// watched returns the events of inotify that the knote's notes need.
func (k *knote) watched() uint32 {
	var events uint32
	for _, ask := range [...]struct{ notes, events uint32 }{
		{kevent.NoteDelete, unix.IN_ATTRIB | unix.IN_DELETE_SELF},
		{kevent.NoteWrite, unix.IN_MODIFY | entryEvents},
		{kevent.NoteExtend, unix.IN_MODIFY | entryEvents},
		{kevent.NoteAttrib, unix.IN_ATTRIB},
		{kevent.NoteLink, unix.IN_ATTRIB | entryEvents},
		{kevent.NoteRename, unix.IN_MOVE_SELF},
		{kevent.NoteOpen, unix.IN_OPEN},
		{kevent.NoteClose, unix.IN_CLOSE_NOWRITE},
		{kevent.NoteCloseWrite, unix.IN_CLOSE_WRITE},
		{kevent.NoteRead, unix.IN_ACCESS},
	} {
		if k.fflags&ask.notes != 0 {
			events |= ask.events
		}
	}
	return events
}

func (v vnode) attach(q *Queue, epoll int, k *knote) (errno syscall.Errno) {
	if k.file, errno = identify(k.ident); errno != 0 {
		return errno
	}
	switch k.file.mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR, unix.S_IFLNK, unix.S_IFBLK, unix.S_IFCHR:
	default:
		return unix.EINVAL
	}
	q.readInotify() // earlier events are not the knote's
	return v.look(q, epoll, k)
}

func (vnode) look(q *Queue, epoll int, k *knote) syscall.Errno {
	if events := k.watched(); events != 0 {
		return q.watch(epoll, k, events)
	}
	return 0
}

func (v vnode) touch(q *Queue, epoll int, k *knote, change kevent.Event) syscall.Errno {
	q.readInotify() // earlier events belong to the old notes
	now, errno := k.same()
	if errno != 0 {
		return errno
	}
	if change.Flags&kevent.Add == 0 {
		return 0
	}
	k.file, k.fflags, k.data = now, change.Fflags, change.Data
	return v.look(q, epoll, k)
}

func (vnode) enable(q *Queue, _ int, k *knote) syscall.Errno {
	if k.hits != 0 {
		q.activate(k)
	}
	return 0
}

func (vnode) detach(q *Queue, epoll int, k *knote) syscall.Errno {
	return file{}.detach(q, epoll, k)
}

func (vnode) fire(_ *Queue, k *knote, _ uint32) (report, bool, syscall.Errno) {
	if _, errno := k.same(); isGone(errno) {
		return report{}, false, errno
	}
	notes := k.hits & k.fflags
	if k.flags&kevent.Clear != 0 {
		k.hits = 0
	}
	return report{fflags: notes}, notes != 0, 0
}

func (vnode) again(q *Queue, _ int, k *knote) syscall.Errno { return q.goesOn(k) }

// changed records inotify's events about the file, or about an entry of the directory.
func (k *knote) changed(events uint32, ofEntry bool) {
	now, errno := k.same()
	switch {
	case isGone(errno):
		return
	case errno != 0: // the events count, even if the file cannot be looked at
		now = k.file
	}
	var hits uint32
	if ofEntry {
		if events&entryEvents != 0 {
			hits |= kevent.NoteWrite
			if events&unix.IN_ISDIR != 0 {
				hits |= kevent.NoteLink
			}
		}
	} else {
		hits = k.happened(events, now)
	}
	if now.size > k.file.size && hits&kevent.NoteWrite != 0 {
		hits |= kevent.NoteExtend
	}
	k.file = now
	k.hits |= hits & k.fflags
}

// happened translates inotify's events about the file itself. A changed link count is reported as
// changed attributes.
func (k *knote) happened(events uint32, now identity) uint32 {
	var hits uint32
	for _, row := range [...]struct{ events, notes uint32 }{
		{unix.IN_MODIFY, kevent.NoteWrite},
		{unix.IN_MOVE_SELF, kevent.NoteRename},
		{unix.IN_DELETE_SELF, kevent.NoteDelete},
		{unix.IN_OPEN, kevent.NoteOpen},
		{unix.IN_CLOSE_NOWRITE, kevent.NoteClose},
		{unix.IN_CLOSE_WRITE, kevent.NoteCloseWrite},
		{unix.IN_ACCESS, kevent.NoteRead},
	} {
		if events&row.events != 0 {
			hits |= row.notes
		}
	}
	if events&unix.IN_ATTRIB == 0 {
		return hits
	}
	if now.links != k.file.links {
		hits |= kevent.NoteLink
		if now.links < k.file.links {
			hits |= kevent.NoteDelete
		}
	}
	if now.links == k.file.links || now.mode != k.file.mode || now.uid != k.file.uid || now.gid != k.file.gid {
		hits |= kevent.NoteAttrib
	}
	return hits
}
