//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pathwatch

import (
	"syscall"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// vnodes reports changes with EVFILT_VNODE of kqueue(2). Each watched file is held open. On Linux,
// tests use it on top of the emulation of kqueue.
type vnodes struct {
	queue  vnodeQueue
	mode   int // the flags with which files are opened
	nodes  map[identity]*node
	opened map[int]*node // nodes that are held open, by descriptor
	all    descriptors   // of the queue and of opened
}

// vnodeQueue is the part of a kqueue that vnodes uses.
type vnodeQueue interface {
	fd() int
	// add makes the queue report all notes of a descriptor, until the descriptor is closed.
	add(fd int) error
	// read calls happened with the notes of each descriptor, without waiting.
	read(happened func(fd int, notes uint32)) error
	close() error
}

type identity struct{ dev, ino uint64 }

// noteAll holds the notes of all systems. OpenBSD has one more.
const (
	noteAll      = 0x7f
	noteTruncate = 0x80
)

func newVnodes(queue vnodeQueue, mode int) *vnodes {
	return &vnodes{
		queue: queue, mode: mode, nodes: make(map[identity]*node), opened: make(map[int]*node),
		all: descriptors{queue.fd(): {}},
	}
}

func (k *vnodes) fd() int { return k.queue.fd() }

func (k *vnodes) held() descriptors { return k.all }

func (k *vnodes) close() error {
	for fd := range k.opened {
		_ = unix.Close(fd) // nothing was written to it
	}
	k.opened, k.nodes = nil, nil
	return k.queue.close()
}

func (k *vnodes) watch(path string, _ bool) (*node, error) {
	var stat unix.Stat_t
	if err := unix.Lstat(path, &stat); err != nil {
		return nil, errOpen(path, "lstat", err)
	}
	status := statusOf(&stat)
	// Opening any other kind of file may have side effects, so only its name is watched.
	// DragonFly reuses inodes and counts times in clock ticks, so a file that replaces another
	// within a tick looks the same.
	kind := status.mode & unix.S_IFMT
	if kind != unix.S_IFREG && kind != unix.S_IFDIR {
		status.changed = stat.Ctim.Nano()
		return k.nodeOf(path, -1, status), nil
	}
	if n := k.nodes[identity{status.dev, status.ino}]; n != nil && n.number >= 0 {
		n.path = path
		return n, nil
	}
	fd, err := k.open(path)
	if err != nil {
		return nil, errOpen(path, "open", err)
	}
	if err = unix.Fstat(fd, &stat); err == nil {
		if status := statusOf(&stat); k.nodes[identity{status.dev, status.ino}] == nil {
			if err = k.queue.add(fd); err == nil {
				return k.nodeOf(path, fd, status), nil
			}
		} else {
			err = unix.ENOENT // it was replaced, which another event reports
		}
	}
	_ = unix.Close(fd) // nothing was written to it
	return nil, errOpen(path, "kevent", err)
}

// open opens a file to be watched.
func (k *vnodes) open(path string) (fd int, err error) {
	for {
		fd, err = unix.Open(path, k.mode|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// nodeOf returns the node of a file, which is new if the file is unknown. A file that is not held
// open and has changed may be another one with the same number.
func (k *vnodes) nodeOf(path string, fd int, status fileStatus) *node {
	id := identity{status.dev, status.ino}
	n := k.nodes[id]
	if n == nil || fd < 0 && n.status != status {
		n = &node{}
		k.nodes[id] = n
	}
	n.watched = watched{number: fd, path: path, status: status}
	if fd >= 0 {
		k.opened[fd], k.all[fd] = n, struct{}{}
	}
	return n
}

func (k *vnodes) unwatch(n *node) {
	if n.number >= 0 {
		delete(k.opened, n.number)
		delete(k.all, n.number)
		_ = unix.Close(n.number) // this ends the watch
	}
	if id := (identity{n.status.dev, n.status.ino}); k.nodes[id] == n {
		delete(k.nodes, id)
	}
}

func (k *vnodes) read(happened func(*node, string, Change)) (lost bool, err error) {
	return false, k.queue.read(func(fd int, notes uint32) {
		n := k.opened[fd]
		switch {
		case n == nil: // no longer watched
		case n.status.mode&unix.S_IFMT == unix.S_IFDIR && notes&(kevent.NoteWrite|kevent.NoteLink|kevent.NoteExtend) != 0:
			happened(n, anyEntry, 0)
			if notes &^= kevent.NoteWrite | kevent.NoteLink | kevent.NoteExtend; notes != 0 {
				happened(n, "", n.decode(notes))
			}
		default:
			happened(n, "", n.decode(notes))
		}
	})
}

// decode returns the changes for notes of the kernel.
func (n *node) decode(notes uint32) (change Change) {
	for _, line := range []struct {
		note   uint32
		change Change
	}{
		{kevent.NoteDelete | kevent.NoteRevoke, Deleted},
		{kevent.NoteWrite | noteTruncate, Modified},
		{kevent.NoteExtend, Modified | Extended},
		{kevent.NoteAttrib, Attributes},
		{kevent.NoteLink, Linked},
		{kevent.NoteRename, Renamed},
	} {
		if notes&line.note != 0 {
			change |= line.change
		}
	}
	var stat unix.Stat_t
	if change&Deleted != 0 && unix.Fstat(n.number, &stat) == nil && stat.Nlink > 0 {
		change = change&^Deleted | Linked // if this link was removed, follow reports that
	}
	// Some systems report a truncation as a change of the attributes.
	if notes&(kevent.NoteWrite|kevent.NoteExtend|kevent.NoteAttrib) != 0 && unix.Fstat(n.number, &stat) == nil {
		if stat.Size != n.status.size {
			change |= Modified
		}
		n.status.size = stat.Size
	}
	return change
}

func errOpen(path, call string, err error) error {
	switch {
	case isGone(err), err == unix.EMLINK, err == errFileType: // the last two: a symbolic link
		return errGone
	case err == unix.EACCES:
		return errUnreadable
	case err == unix.EMFILE:
		return errWatch(path, call, err, "each file and directory uses a descriptor: raise the limit of open files")
	}
	return errWatch(path, call, err, "")
}

// errFileType is EFTYPE, which NetBSD returns for symbolic links.
const errFileType = syscall.Errno(79)
