//go:build linux

package kqueueemu

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// vnode is FilterVnode, over inotify.
type vnode struct{}

// entryEvents are what happens to the names in a directory.
const entryEvents = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO

// watched is what inotify has to be asked for, for the notes that are wanted.
func (k *note) watched() uint32 {
	var events uint32
	for _, ask := range [...]struct{ notes, events uint32 }{
		{noteDelete, unix.IN_ATTRIB | unix.IN_DELETE_SELF},
		{noteWrite, unix.IN_MODIFY | entryEvents},
		{noteExtend, unix.IN_MODIFY | entryEvents},
		{noteAttrib, unix.IN_ATTRIB},
		{noteLink, unix.IN_ATTRIB | entryEvents},
		{noteRename, unix.IN_MOVE_SELF},
		{NoteOpen, unix.IN_OPEN},
		{NoteClose, unix.IN_CLOSE_NOWRITE},
		{NoteCloseWrite, unix.IN_CLOSE_WRITE},
		{NoteRead, unix.IN_ACCESS},
	} {
		if k.fflags&ask.notes != 0 {
			events |= ask.events
		}
	}
	return events
}

func (v vnode) attach(q *Queue, epoll int, k *note) (errno syscall.Errno) {
	if k.file, errno = identify(k.ident); errno != 0 {
		return errno
	}
	switch k.file.mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR, unix.S_IFLNK, unix.S_IFBLK, unix.S_IFCHR:
	default:
		return unix.EINVAL
	}
	q.readInotify() // what happened before is not the note's
	return v.look(q, epoll, k)
}

func (vnode) look(q *Queue, epoll int, k *note) syscall.Errno {
	if events := k.watched(); events != 0 {
		return q.watch(epoll, k, events)
	}
	return 0
}

func (v vnode) touch(q *Queue, epoll int, k *note, change Event) syscall.Errno {
	q.readInotify() // what happened before belongs to the notes of before
	now, errno := k.same()
	if errno != 0 {
		return errno
	}
	if change.Flags&evAdd == 0 {
		return 0
	}
	k.file, k.fflags, k.data = now, change.Fflags, change.Data
	return v.look(q, epoll, k)
}

func (vnode) enable(q *Queue, _ int, k *note) syscall.Errno {
	if k.hits != 0 {
		q.activate(k)
	}
	return 0
}

func (vnode) detach(q *Queue, epoll int, k *note) syscall.Errno {
	return file{}.detach(q, epoll, k)
}

func (vnode) fire(_ *Queue, k *note, _ uint32) (report, bool) {
	if _, errno := k.same(); errno != 0 {
		return report{}, false
	}
	notes := k.hits & k.fflags
	if k.flags&evClear != 0 {
		k.hits = 0
	}
	return report{fflags: notes}, notes != 0
}

func (vnode) again(q *Queue, _ int, k *note) syscall.Errno { return q.goesOn(k) }

// changed remembers what inotify told of the file, or of an entry of the directory.
func (k *note) changed(events uint32, ofEntry bool) {
	now, errno := k.same()
	if errno != 0 {
		return
	}
	var hits uint32
	if ofEntry {
		if events&entryEvents != 0 {
			hits |= noteWrite
			if events&unix.IN_ISDIR != 0 {
				hits |= noteLink
			}
		}
	} else {
		hits = k.happened(events, now)
	}
	if now.size > k.file.size && hits&noteWrite != 0 {
		hits |= noteExtend
	}
	k.file = now
	k.hits |= hits & k.fflags
}

// happened translates what inotify told of the file itself. That attributes changed may mean that links did.
func (k *note) happened(events uint32, now identity) uint32 {
	var hits uint32
	for _, told := range [...]struct{ events, notes uint32 }{
		{unix.IN_MODIFY, noteWrite},
		{unix.IN_MOVE_SELF, noteRename},
		{unix.IN_DELETE_SELF, noteDelete},
		{unix.IN_OPEN, NoteOpen},
		{unix.IN_CLOSE_NOWRITE, NoteClose},
		{unix.IN_CLOSE_WRITE, NoteCloseWrite},
		{unix.IN_ACCESS, NoteRead},
	} {
		if events&told.events != 0 {
			hits |= told.notes
		}
	}
	if events&unix.IN_ATTRIB == 0 {
		return hits
	}
	if now.links != k.file.links {
		hits |= noteLink
		if now.links < k.file.links {
			hits |= noteDelete
		}
	}
	if now.links == k.file.links || now.mode != k.file.mode || now.uid != k.file.uid || now.gid != k.file.gid {
		hits |= noteAttrib
	}
	return hits
}
