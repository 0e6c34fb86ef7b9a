//go:build linux

package kqueueemu

import (
	"slices"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// watch is what inotify watches of one file. It has one watch for all descriptors of a file.
type watch struct {
	number int32
	knotes []*knote
}

// watch adds the events to those that inotify reports for the knote's file. The path leads to the
// file even after it was renamed or removed.
func (q *Queue) watch(epoll int, k *knote, events uint32) syscall.Errno {
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
		w.knotes = append(w.knotes, k)
	}
	return 0
}

// unwatch undoes watch.
func (q *Queue) unwatch(k *knote) {
	w := k.watch
	if w == nil {
		return
	}
	k.watch = nil
	w.knotes = slices.DeleteFunc(w.knotes, func(other *knote) bool { return other == k })
	if len(w.knotes) == 0 {
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
	q.buffer = make([]byte, 16<<10)
	return 0
}

// readInotify reads all events of inotify and hands them to the knotes.
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
			q.happened(event)
			rest = rest[unix.SizeofInotifyEvent+int(event.Len):]
		}
	}
}

func (q *Queue) happened(event *unix.InotifyEvent) {
	if event.Mask&unix.IN_Q_OVERFLOW != 0 { // events were lost, so every file is compared
		for _, w := range q.watches {
			w.changed(q, unix.IN_MODIFY|unix.IN_ATTRIB, false)
		}
		return
	}
	w := q.watches[event.Wd]
	if w == nil {
		return
	}
	if event.Mask&unix.IN_IGNORED != 0 { // the file has ended
		delete(q.watches, w.number)
		for _, k := range w.knotes {
			k.watch, k.gone = nil, true
		}
		return
	}
	w.changed(q, event.Mask, event.Len > 0)
}

func (w *watch) changed(q *Queue, events uint32, ofEntry bool) {
	for _, k := range w.knotes {
		if k.filter == kevent.FilterVnode {
			k.changed(events, ofEntry)
			if k.hits != 0 {
				q.activate(k)
			}
		} else if events&unix.IN_MODIFY != 0 {
			q.activate(k)
		}
	}
}
