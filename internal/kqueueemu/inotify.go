//go:build linux

package kqueueemu

import (
	"slices"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// watch is what inotify tells of one file, and to whom. Inotify has one watch for all descriptors of a file.
type watch struct {
	number int32
	notes  []*note
}

// watch makes inotify tell the note what it asks for. The path follows the file, whatever becomes of its names.
func (q *Queue) watch(epoll int, k *note, events uint32) syscall.Errno {
	if errno := q.makeInotify(epoll); errno != 0 {
		return errno
	}
	path := "/proc/self/fd/" + strconv.FormatUint(k.ident, 10)
	number, err := unix.InotifyAddWatch(q.inotify, path, events|unix.IN_MASK_ADD)
	if err != nil {
		return err.(syscall.Errno)
	}
	w := q.watches[int32(number)]
	if w == nil {
		w = &watch{number: int32(number)}
		q.watches[w.number] = w
	}
	if k.watch != w {
		q.unwatch(k)
		k.watch = w
		w.notes = append(w.notes, k)
	}
	return 0
}

// unwatch ends what watch began.
func (q *Queue) unwatch(k *note) {
	w := k.watch
	if w == nil {
		return
	}
	k.watch = nil
	w.notes = slices.DeleteFunc(w.notes, func(other *note) bool { return other == k })
	if len(w.notes) == 0 {
		delete(q.watches, w.number)
		_, _ = unix.InotifyRmWatch(q.inotify, uint32(w.number)) // it fails if the file is no more
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
	q.buffer = make([]byte, 16<<10)
	return 0
}

// readInotify tells the notes all that inotify has to tell.
func (q *Queue) readInotify() {
	for q.inotify >= 0 {
		n, err := unix.Read(q.inotify, q.buffer)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return
		}
		for rest := q.buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			event := (*unix.InotifyEvent)(unsafe.Pointer(&rest[0]))
			q.told(event)
			rest = rest[unix.SizeofInotifyEvent+int(event.Len):]
		}
	}
}

func (q *Queue) told(event *unix.InotifyEvent) {
	if event.Mask&unix.IN_Q_OVERFLOW != 0 { // so many that some were lost: whatever can be seen to have happened has
		for _, w := range q.watches {
			w.tell(q, unix.IN_MODIFY|unix.IN_ATTRIB, false)
		}
		return
	}
	w := q.watches[event.Wd]
	if w == nil {
		return
	}
	if event.Mask&unix.IN_IGNORED != 0 { // the file is no more
		delete(q.watches, w.number)
		for _, k := range w.notes {
			k.watch, k.gone = nil, true
		}
		return
	}
	w.tell(q, event.Mask, event.Len > 0)
}

func (w *watch) tell(q *Queue, events uint32, ofEntry bool) {
	for _, k := range w.notes {
		if k.filter == Vnode {
			k.changed(events, ofEntry)
			if k.hits != 0 {
				q.activate(k)
			}
		} else if events&unix.IN_MODIFY != 0 {
			q.activate(k)
		}
	}
}
