//go:build linux

package kqueueemu

import (
	"slices"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// watch is inotify's watch of one file, shared by all descriptors of the file.
type watch struct {
	number        int32
	events        uint32
	registrations []*registration // of the file itself
	// Registrations of directories in this one. Only this watch reports their removal.
	inside []*registration
}

// move is the first half of a rename, until the second is known.
type move struct {
	from   *watch // nil if there is none
	cookie uint32
	isDir  bool
}

// watchFile makes inotify report the events of the registration's file. It does not change a watch
// that already has them, because the program may have lost the permission to change it.
func (q *Queue) watchFile(epoll int, r *registration, events uint32) syscall.Errno {
	if r.watch != nil && events&^r.watch.events == 0 {
		return 0
	}
	w, errno := q.addWatch(epoll, pathOf(r), events)
	if errno == unix.ENOENT && sys.IsOpen(int(r.ident)) {
		return ErrNoProc
	}
	if errno == 0 && r.watch != w {
		q.unwatchFile(r)
		r.watch = w
		w.registrations = append(w.registrations, r)
	}
	return errno
}

// unwatchFile undoes watchFile.
func (q *Queue) unwatchFile(r *registration) {
	if w := r.watch; w != nil {
		r.watch = nil
		w.registrations = without(w.registrations, r)
		q.dropUnused(w)
	}
}

// watchParent makes inotify report removed entries of the directory's parent. Inotify reports the
// removal of an open directory only there.
func (q *Queue) watchParent(epoll int, r *registration) {
	w, errno := q.addWatch(epoll, pathOf(r)+"/..", unix.IN_DELETE|unix.IN_MOVED_TO)
	if errno != 0 || w == r.parent { // the program may not be allowed to read the parent
		return
	}
	q.unwatchParent(r)
	r.parent = w
	w.inside = append(w.inside, r)
}

// unwatchParent undoes watchParent.
func (q *Queue) unwatchParent(r *registration) {
	if w := r.parent; w != nil {
		r.parent = nil
		w.inside = without(w.inside, r)
		q.dropUnused(w)
	}
}

// ErrNoProc is the errno if the file system /proc is not mounted.
const ErrNoProc = unix.EOPNOTSUPP

// pathOf returns a path that leads to the registration's file even after it was renamed or removed.
func pathOf(r *registration) string { return "/proc/self/fd/" + strconv.FormatUint(r.ident, 10) }

func without(registrations []*registration, r *registration) []*registration {
	return slices.DeleteFunc(registrations, func(other *registration) bool { return other == r })
}

func (q *Queue) addWatch(epoll int, path string, events uint32) (*watch, syscall.Errno) {
	if errno := q.makeInotify(epoll); errno != 0 {
		return nil, errno
	}
	number, err := unix.InotifyAddWatch(q.inotify, path, events|unix.IN_MASK_ADD)
	if err != nil {
		return nil, err.(syscall.Errno)
	}
	w := q.watches[int32(number)]
	if w == nil {
		w = &watch{number: int32(number)}
		q.watches[w.number] = w
	}
	w.events |= events
	return w, 0
}

func (q *Queue) dropUnused(w *watch) {
	if len(w.registrations) == 0 && len(w.inside) == 0 {
		delete(q.watches, w.number)
		_, _ = unix.InotifyRmWatch(q.inotify, uint32(w.number)) // fails if the file is gone
	}
}

func (q *Queue) makeInotify(epoll int) syscall.Errno {
	if q.inotify >= 0 {
		return 0
	}
	fd, errno := q.adopt(unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK))
	if errno != 0 {
		return errno
	}
	if errno := epollCtl(epoll, unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN, inotifySlot, 0); errno != 0 {
		q.discard(fd)
		return errno
	}
	q.inotify = fd
	q.watches = make(map[int32]*watch)
	return 0
}

// readInotify reads all inotify events and records them in the registrations.
func (q *Queue) readInotify() {
	for q.inotify >= 0 {
		n, err := unix.Read(q.inotify, q.messages())
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			break
		}
		for rest := q.buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			event := (*unix.InotifyEvent)(unsafe.Pointer(&rest[0]))
			q.happened(event)
			rest = rest[unix.SizeofInotifyEvent+int(event.Len):]
		}
	}
	q.finishMove()
}

func (q *Queue) happened(event *unix.InotifyEvent) {
	if event.Mask&unix.IN_Q_OVERFLOW != 0 {
		q.compareAll()
		return
	}
	w := q.watches[event.Wd]
	switch {
	case w == nil:
	case event.Mask&unix.IN_IGNORED != 0:
		q.ended(w)
	case event.Len > 0:
		q.entryChanged(w, event)
	default:
		q.fileChanged(w, event.Mask)
	}
}

// compareAll examines every file after events were lost.
func (q *Queue) compareAll() {
	for _, w := range q.watches {
		q.fileChanged(w, unix.IN_MODIFY|unix.IN_ATTRIB)
		for _, r := range w.inside {
			q.checkRemoved(r)
		}
	}
}

// ended handles a file that no longer exists, because its last name and its last descriptor are
// gone.
func (q *Queue) ended(w *watch) {
	delete(q.watches, w.number)
	for _, r := range w.registrations {
		r.watch, r.gone = nil, true
	}
	for _, r := range w.inside {
		r.parent = nil
	}
}
