//go:build linux

package kqueueemu

import (
	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// entryChanged handles an event about a name in the directory.
func (q *Queue) entryChanged(w *watch, event *unix.InotifyEvent) {
	isDir := event.Mask&unix.IN_ISDIR != 0
	within := q.moved.from == w && q.moved.cookie == event.Cookie && event.Mask&unix.IN_MOVED_TO != 0
	if within {
		q.moved = move{}
	}
	q.finishMove()
	switch {
	case event.Mask&unix.IN_MOVED_FROM != 0:
		q.moved = move{from: w, cookie: event.Cookie, isDir: isDir}
	case within:
		q.renamed(w, isDir)
	case event.Mask&unix.IN_MOVED_TO != 0:
		q.entryMoved(w, isDir, true)
	case event.Mask&(unix.IN_CREATE|unix.IN_DELETE) != 0:
		notes := kevent.NoteWrite
		if isDir {
			notes |= kevent.NoteLink
		}
		q.recordAll(w, notes)
	}
	if isDir && event.Mask&(unix.IN_DELETE|unix.IN_MOVED_TO) != 0 {
		for _, r := range w.inside {
			q.checkRemoved(r)
		}
	}
}

// finishMove handles a move whose second half did not follow, because the entry moved to another
// directory.
func (q *Queue) finishMove() {
	if half := q.moved; half.from != nil {
		q.moved = move{}
		q.entryMoved(half.from, half.isDir, false)
	}
}

// entryMoved handles an entry that moved here from another directory, or from here to another. The
// link count is unchanged if a directory replaced another one.
func (q *Queue) entryMoved(w *watch, isDir, came bool) {
	for _, r := range w.registrations {
		notes := kevent.NoteWrite | kevent.NoteExtend
		now, errno := r.same()
		if isDir && !(came && errno == 0 && now.links > 1 && now.links == r.file.links) {
			notes |= kevent.NoteLink
		}
		if errno == 0 {
			q.see(r, now)
		}
		q.record(r, notes)
	}
}

// renamed handles an entry with a new name in the same directory. If it replaced a directory, the
// link count has become smaller.
func (q *Queue) renamed(w *watch, isDir bool) {
	for _, r := range w.registrations {
		notes := kevent.NoteWrite
		if now, errno := r.same(); errno == 0 {
			if isDir && now.links < r.file.links {
				notes |= kevent.NoteLink
			}
			q.see(r, now)
		}
		q.record(r, notes)
	}
}

func (q *Queue) recordAll(w *watch, notes uint32) {
	for _, r := range w.registrations {
		if now, errno := r.same(); errno == 0 {
			q.see(r, now)
		}
		q.record(r, notes)
	}
}

// checkRemoved checks whether the directory was removed. If the check fails, fire repeats it.
func (q *Queue) checkRemoved(r *registration) {
	now, errno := r.same()
	switch {
	case errno == 0:
		q.see(r, now)
	case !isGone(errno):
		q.activate(r)
	}
}

// see stores the file's identity, and reports the removal of a directory.
func (q *Queue) see(r *registration, now identity) {
	r.noticeRemoval(now)
	r.file = now
	q.record(r, 0)
}

// noticeRemoval adds NoteDelete if the directory has lost its last link since it was last seen.
func (r *registration) noticeRemoval(now identity) {
	if now.isDirectory() && now.links == 0 && r.file.links > 0 {
		r.file.links = 0
		r.noted |= kevent.NoteDelete & r.fflags
	}
}
