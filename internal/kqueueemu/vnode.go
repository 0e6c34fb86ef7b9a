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

// watched returns the inotify events that the registration's notes need. The first three are always
// requested, so that other notes can be requested later.
func (r *registration) watched() uint32 {
	events := uint32(unix.IN_ATTRIB | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF)
	content := uint32(unix.IN_MODIFY | unix.IN_CLOSE_WRITE)
	if r.file.isDirectory() {
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
		if r.fflags&ask.notes != 0 {
			events |= ask.events
		}
	}
	return events
}

func (v vnode) attach(q *Queue, epoll int, r *registration) (errno syscall.Errno) {
	if r.file, errno = identify(r.ident); errno != 0 {
		return errno
	}
	switch r.file.mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR, unix.S_IFLNK, unix.S_IFBLK, unix.S_IFCHR:
	default:
		return unix.EINVAL
	}
	q.readInotify() // earlier events are not the registration's
	return v.look(q, epoll, r)
}

// look makes inotify report the events that the registration needs.
func (vnode) look(q *Queue, epoll int, r *registration) syscall.Errno {
	errno := q.watchFile(epoll, r, r.watched())
	switch {
	case errno != 0:
	case r.file.isDirectory() && r.fflags&kevent.NoteDelete != 0:
		q.watchParent(epoll, r)
	case r.file.isDevice() && r.fflags&kevent.NoteRevoke != 0 && !r.reportsHangUp:
		errno = q.watchHangup(epoll, r)
	}
	return errno
}

// watchHangup makes an epoll report the hang-up of a terminal, which it reports without a request.
// Other devices are not hung up.
func (q *Queue) watchHangup(epoll int, r *registration) syscall.Errno {
	if errno := q.chooseLayer(epoll, r); errno != 0 {
		return errno
	}
	errno := descriptor{}.control(q, epoll, unix.EPOLL_CTL_ADD, r)
	if errno == unix.EPERM { // the device cannot be waited on
		return 0
	}
	r.reportsHangUp = errno == 0
	return errno
}

func (v vnode) touch(q *Queue, epoll int, r *registration, change kevent.Event) syscall.Errno {
	q.readInotify() // earlier events belong to the old notes
	now, errno := r.same()
	if errno != 0 {
		return errno
	}
	if change.Flags&kevent.Add == 0 {
		return 0
	}
	r.file, r.fflags, r.data = now, change.Fflags, change.Data
	return v.look(q, epoll, r)
}

func (vnode) enable(q *Queue, _ int, r *registration) syscall.Errno {
	if r.noted != 0 {
		q.activate(r)
	}
	return 0
}

func (vnode) detach(q *Queue, epoll int, r *registration) syscall.Errno {
	if r.reportsHangUp && epoll >= 0 {
		// If the file is gone, detach below reports it.
		_ = descriptor{}.control(q, epoll, unix.EPOLL_CTL_DEL, r)
	}
	return file{}.detach(q, epoll, r)
}

func (vnode) fire(_ *Queue, r *registration, ready uint32) (event report, fired bool, errno syscall.Errno) {
	if ready&unix.EPOLLHUP != 0 {
		r.noted |= kevent.NoteRevoke & r.fflags
	}
	now, errno := r.same()
	switch {
	case isGone(errno), errno != 0 && r.noted == 0:
		return report{}, false, errno
	case errno == 0:
		r.noticeRemoval(now)
	}
	event.fflags = r.noted & r.fflags
	if event.fflags&kevent.NoteRevoke != 0 {
		event.flags = kevent.EOF
	}
	if r.flags&kevent.Clear != 0 {
		r.noted = 0
	}
	return event, event.fflags != 0, 0
}

func (vnode) reportAgain(q *Queue, _ int, r *registration) syscall.Errno { return q.reactivate(r) }

// record adds notes to be reported, if the registration requested them.
func (q *Queue) record(r *registration, notes uint32) {
	r.noted |= notes & r.fflags
	if r.noted != 0 {
		q.activate(r)
	}
}

// fileChanged handles events about the file itself.
func (q *Queue) fileChanged(w *watch, events uint32) {
	for _, r := range w.registrations {
		if r.filter != kevent.FilterVnode {
			if events&unix.IN_MODIFY != 0 {
				q.activate(r)
			}
			continue
		}
		now, errno := r.same()
		switch {
		case isGone(errno):
			continue
		case errno != 0: // report the events even if the file cannot be examined
			now = r.file
		}
		notes := r.operations(events) | r.modification(events, now) | r.attribution(events, now)
		q.see(r, now)
		q.record(r, notes)
		if events&unix.IN_MOVE_SELF != 0 && r.parent != nil {
			q.watchParent(-1, r) // inotify exists, so no epoll is needed
			q.checkRemoved(r)
		}
	}
}

// operations returns the notes that each have an inotify event.
func (r *registration) operations(events uint32) (notes uint32) {
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
func (r *registration) modification(events uint32, now identity) uint32 {
	wasShrunk := r.shrunk
	if events&unix.IN_CLOSE_WRITE != 0 {
		r.shrunk = false
	}
	switch {
	case events&unix.IN_MODIFY == 0 && wasShrunk && events&unix.IN_CLOSE_WRITE != 0:
		return kevent.NoteWrite
	case events&unix.IN_MODIFY == 0:
		return 0
	case !now.isRegular():
		return kevent.NoteWrite
	case now.size < r.file.size:
		r.shrunk = now.size > 0
		return kevent.NoteAttrib
	case now.size == 0: // it was empty before, and nothing was written
		return kevent.NoteAttrib
	case now.size > r.file.size:
		return kevent.NoteWrite | kevent.NoteExtend
	}
	return kevent.NoteWrite
}

// attribution returns the notes of changed attributes. Inotify includes the link count of a file
// and the removal of a directory in them.
func (r *registration) attribution(events uint32, now identity) (notes uint32) {
	before := r.file
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
