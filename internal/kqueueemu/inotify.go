//go:build linux

package kqueueemu

import (
	"slices"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// watch is inotify's watch of one file, shared by all descriptors of the file.
type watch struct {
	number int32
	events uint32
	knotes []*knote // of the file itself
	inside []*knote // of directories in this one, whose removal only this watch reports
}

// move is the first half of a rename, until the second is known.
type move struct {
	from   *watch // nil if there is none
	cookie uint32
	isDir  bool
}

// watchFile makes inotify report the events of the knote's file. It does not change a watch that
// already has them, because the program may have lost the permission to change it.
func (q *Queue) watchFile(epoll int, k *knote, events uint32) syscall.Errno {
	if k.watch != nil && events&^k.watch.events == 0 {
		return 0
	}
	w, errno := q.addWatch(epoll, pathOf(k), events)
	if errno == 0 && k.watch != w {
		q.unwatchFile(k)
		k.watch = w
		w.knotes = append(w.knotes, k)
	}
	return errno
}

// unwatchFile undoes watchFile.
func (q *Queue) unwatchFile(k *knote) {
	if w := k.watch; w != nil {
		k.watch = nil
		w.knotes = without(w.knotes, k)
		q.dropUnused(w)
	}
}

// watchParent makes inotify report removed entries of the directory's parent. Inotify reports the
// removal of an open directory only there.
func (q *Queue) watchParent(epoll int, k *knote) {
	w, errno := q.addWatch(epoll, pathOf(k)+"/..", unix.IN_DELETE|unix.IN_MOVED_TO)
	if errno != 0 || w == k.parent { // the program may not be allowed to read the parent
		return
	}
	q.unwatchParent(k)
	k.parent = w
	w.inside = append(w.inside, k)
}

// unwatchParent undoes watchParent.
func (q *Queue) unwatchParent(k *knote) {
	if w := k.parent; w != nil {
		k.parent = nil
		w.inside = without(w.inside, k)
		q.dropUnused(w)
	}
}

// pathOf returns a path that leads to the knote's file even after it was renamed or removed.
func pathOf(k *knote) string { return "/proc/self/fd/" + strconv.FormatUint(k.ident, 10) }

func without(knotes []*knote, k *knote) []*knote {
	return slices.DeleteFunc(knotes, func(other *knote) bool { return other == k })
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
	if len(w.knotes) == 0 && len(w.inside) == 0 {
		delete(q.watches, w.number)
		_, _ = unix.InotifyRmWatch(q.inotify, uint32(w.number)) // it fails if the file has ended
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

// readInotify reads all inotify events and records them in the knotes.
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
		for _, k := range w.inside {
			q.checkRemoved(k)
		}
	}
}

// ended handles a file that no longer exists, because its last name and its last descriptor are
// gone.
func (q *Queue) ended(w *watch) {
	delete(q.watches, w.number)
	for _, k := range w.knotes {
		k.watch, k.gone = nil, true
	}
	for _, k := range w.inside {
		k.parent = nil
	}
}
