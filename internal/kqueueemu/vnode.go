//go:build linux

package kqueueemu

import (
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// vnode is the source of FilterVnode. It uses inotify, and reports FreeBSD's notes of each
// operation as far as inotify allows. See the table in docs/kqueue-notes.md.
type vnode struct{}

// entryEvents are inotify's events about the names in a directory.
const entryEvents = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO

// watched returns the inotify events that the knote's notes need. The first three are always
// requested, so that other notes can be requested later.
func (k *knote) watched() uint32 {
	events := uint32(unix.IN_ATTRIB | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF)
	content := uint32(unix.IN_MODIFY | unix.IN_CLOSE_WRITE)
	if k.file.isDirectory() {
		content = entryEvents
	}
	for _, ask := range [...]struct{ notes, events uint32 }{
		{kevent.NoteWrite | kevent.NoteExtend | kevent.NoteLink, content},
		{kevent.NoteAttrib, unix.IN_MODIFY}, // a truncation
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

// look makes inotify report the events that the knote needs.
func (vnode) look(q *Queue, epoll int, k *knote) syscall.Errno {
	errno := q.watchFile(epoll, k, k.watched())
	switch {
	case errno != 0:
	case k.file.isDirectory() && k.fflags&kevent.NoteDelete != 0:
		q.watchParent(epoll, k)
	case k.file.isDevice() && k.fflags&kevent.NoteRevoke != 0 && !k.hangs:
		errno = q.watchHangup(epoll, k)
	}
	return errno
}

// watchHangup makes an epoll report the hang-up of a terminal, which it reports without a request.
// Other devices are not hung up.
func (q *Queue) watchHangup(epoll int, k *knote) syscall.Errno {
	if errno := q.chooseLayer(epoll, k); errno != 0 {
		return errno
	}
	errno := descriptor{}.control(q, epoll, unix.EPOLL_CTL_ADD, k)
	if errno == unix.EPERM { // the device cannot be waited on
		return 0
	}
	k.hangs = errno == 0
	return errno
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
	if k.hangs && epoll >= 0 {
		_ = descriptor{}.control(q, epoll, unix.EPOLL_CTL_DEL, k) // // if the file is gone, detach below reports it
	}
	return file{}.detach(q, epoll, k)
}

func (vnode) fire(_ *Queue, k *knote, ready uint32) (event report, fired bool, errno syscall.Errno) {
	if ready&unix.EPOLLHUP != 0 {
		k.hits |= kevent.NoteRevoke & k.fflags
	}
	now, errno := k.same()
	switch {
	case isGone(errno), errno != 0 && k.hits == 0:
		return report{}, false, errno
	case errno == 0:
		k.noticeRemoval(now)
	}
	event.fflags = k.hits & k.fflags
	if event.fflags&kevent.NoteRevoke != 0 {
		event.flags = kevent.EOF
	}
	if k.flags&kevent.Clear != 0 {
		k.hits = 0
	}
	return event, event.fflags != 0, 0
}

func (vnode) again(q *Queue, _ int, k *knote) syscall.Errno { return q.continues(k) }

// record adds notes to be reported, if the knote requested them.
func (q *Queue) record(k *knote, notes uint32) {
	k.hits |= notes & k.fflags
	if k.hits != 0 {
		q.activate(k)
	}
}

// fileChanged handles events about the file itself.
func (q *Queue) fileChanged(w *watch, events uint32) {
	for _, k := range w.knotes {
		if k.filter != kevent.FilterVnode {
			if events&unix.IN_MODIFY != 0 {
				q.activate(k)
			}
			continue
		}
		now, errno := k.same()
		switch {
		case isGone(errno):
			continue
		case errno != 0: // report the events even if the file cannot be examined
			now = k.file
		}
		notes := k.operations(events) | k.modification(events, now) | k.attribution(events, now)
		q.see(k, now)
		q.record(k, notes)
		if events&unix.IN_MOVE_SELF != 0 && k.parent != nil {
			q.watchParent(-1, k) // inotify exists, so no epoll is needed
			q.checkRemoved(k)
		}
	}
}

// operations returns the notes that each have an inotify event.
func (k *knote) operations(events uint32) (notes uint32) {
	for _, row := range [...]struct{ events, notes uint32 }{
		{unix.IN_MOVE_SELF, kevent.NoteRename},
		{unix.IN_DELETE_SELF, kevent.NoteDelete},
		{unix.IN_OPEN, kevent.NoteOpen},
		{unix.IN_CLOSE_NOWRITE, kevent.NoteClose},
		{unix.IN_CLOSE_WRITE, kevent.NoteCloseWrite},
		{unix.IN_ACCESS, kevent.NoteRead},
	} {
		if events&row.events != 0 {
			notes |= row.notes
		}
	}
	return notes
}

// modification returns the notes of a write or a truncation, which inotify does not distinguish. A
// file that has become smaller was truncated. It may also have been written to, so NoteWrite
// follows when its writer closes it.
func (k *knote) modification(events uint32, now identity) uint32 {
	wasShrunk := k.shrunk
	if events&unix.IN_CLOSE_WRITE != 0 {
		k.shrunk = false
	}
	switch {
	case events&unix.IN_MODIFY == 0 && wasShrunk && events&unix.IN_CLOSE_WRITE != 0:
		return kevent.NoteWrite
	case events&unix.IN_MODIFY == 0:
		return 0
	case !now.isRegular():
		return kevent.NoteWrite
	case now.size < k.file.size:
		k.shrunk = now.size > 0
		return kevent.NoteAttrib
	case now.size == 0: // it was empty before, and nothing was written
		return kevent.NoteAttrib
	case now.size > k.file.size:
		return kevent.NoteWrite | kevent.NoteExtend
	}
	return kevent.NoteWrite
}

// attribution returns the notes of changed attributes. Inotify includes the link count of a file
// and the removal of a directory in them.
func (k *knote) attribution(events uint32, now identity) (notes uint32) {
	before := k.file
	if events&unix.IN_ATTRIB == 0 {
		return 0
	}
	counted := now.links != before.links
	if now.isDirectory() {
		counted = now.links == 0
	}
	if !counted || now.mode != before.mode || now.uid != before.uid || now.gid != before.gid {
		notes = kevent.NoteAttrib
	}
	switch {
	case now.isDirectory():
	case now.links < before.links:
		notes |= kevent.NoteDelete
	case now.links > before.links:
		notes |= kevent.NoteLink
	}
	return notes
}
