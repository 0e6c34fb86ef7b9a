package pathwatch

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// inotify is the kernel's inotify(7).
type inotify struct {
	number int           // the descriptor
	nodes  map[int]*node // by the number of the watch, which the kernel does not reuse
	buffer [16 << 10]byte
}

// For a directory, inotify reports changes of its entries, but not of their contents.
const (
	ofEach      = unix.IN_ATTRIB | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_DONT_FOLLOW | unix.IN_MASK_ADD
	ofEntry     = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO
	ofDirectory = ofEach | ofEntry | unix.IN_ONLYDIR
	ofFile      = ofEach | unix.IN_MODIFY
)

func newKernel(func()) (kernel, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, sys.WithAdvice(os.NewSyscallError("inotify_init1", err), sys.InotifyAdvice(err))
	}
	return &inotify{number: fd, nodes: make(map[int]*node)}, nil
}

func (k *inotify) fd() int { return k.number }

func (k *inotify) held() descriptors { return descriptors{k.number: {}} }

func (k *inotify) close() error { return os.NewSyscallError("close", unix.Close(k.number)) }

func (k *inotify) watch(path string, isDirectory bool) (*node, error) {
	mask := uint32(ofFile)
	if isDirectory {
		mask = ofDirectory
	}
	number, err := unix.InotifyAddWatch(k.number, path, mask)
	switch {
	case err == nil:
	case isGone(err):
		return nil, errGone
	case err == unix.EACCES:
		return nil, errUnreadable
	default:
		return nil, errWatch(path, "inotify_add_watch", err, sys.InotifyAdvice(err))
	}
	n := k.nodes[number]
	if n == nil {
		n = &node{watched: watched{number: number}}
		k.nodes[n.number] = n
	}
	n.path = path
	if status, err := lstat(path); err == nil && !isSameFile(status, n.status) {
		n.status = status // events of an unchanged file compare with its old status
	}
	return n, nil
}

func (k *inotify) unwatch(n *node) {
	if k.nodes[n.number] == n {
		delete(k.nodes, n.number)
		_, _ = unix.InotifyRmWatch(k.number, uint32(n.number)) // fails if the file is gone
	}
}

// maxReads is the number of buffers that one call of read takes, so that it does not delay the
// Poller for long.
const maxReads = 16

func (k *inotify) read(happened func(*node, string, Change)) (lost bool, err error) {
	for range maxReads {
		n, err := unix.Read(k.number, k.buffer[:])
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return lost, nil
		case err != nil:
			return lost, os.NewSyscallError("read", err)
		}
		for rest := k.buffer[:n]; len(rest) >= unix.SizeofInotifyEvent; {
			event := (*unix.InotifyEvent)(unsafe.Pointer(&rest[0]))
			end := unix.SizeofInotifyEvent + int(event.Len)
			entry := unix.ByteSliceToString(rest[unix.SizeofInotifyEvent:end])
			rest = rest[end:]
			if event.Mask&unix.IN_Q_OVERFLOW != 0 {
				lost = true
			} else if n := k.nodes[int(event.Wd)]; n != nil {
				k.decode(n, event.Mask, entry, happened)
			}
		}
	}
	return lost, nil
}

// decode reports the changes of an inotify event.
func (k *inotify) decode(n *node, mask uint32, entry string, happened func(*node, string, Change)) {
	switch {
	case mask&unix.IN_IGNORED != 0: // the watch has ended
		delete(k.nodes, n.number)
		happened(n, "", 0)
	case mask&ofEntry != 0:
		happened(n, entry, 0)
	case entry != "": // an entry has changed; if it is a target, its own watch reports that
	case mask&(unix.IN_DELETE_SELF|unix.IN_UNMOUNT) != 0:
		happened(n, "", Deleted)
	case mask&unix.IN_MOVE_SELF != 0:
		happened(n, "", Renamed)
	case mask&unix.IN_MODIFY != 0:
		happened(n, "", Modified|n.hasGrown())
	case mask&unix.IN_ATTRIB != 0:
		happened(n, "", n.hasAttributes())
	}
}

// hasGrown returns Extended if a file has become longer. It returns 0 if the path now names another
// file.
func (n *node) hasGrown() (change Change) {
	now, ok := n.find()
	if !ok {
		return 0
	}
	if now.size > n.status.size {
		change = Extended
	}
	n.status.size = now.size
	return change
}

// hasAttributes returns Linked or Attributes for changed attributes of a file. It returns 0 if the
// path now names another file, because another event follows.
func (n *node) hasAttributes() Change {
	now, ok := n.find()
	if !ok {
		return 0
	}
	if now.links != n.status.links && now.mode&unix.S_IFMT != unix.S_IFDIR {
		n.status.links = now.links
		return Linked
	}
	return Attributes
}

// find returns the status of the file. It tries each path that names the file, because the file may
// have several links.
func (n *node) find() (now fileStatus, ok bool) {
	if now, err := lstat(n.path); err == nil && isSameFile(now, n.status) {
		return now, true
	}
	for _, p := range n.users[itself] {
		var stat unix.Stat_t
		if unix.Stat(p.name, &stat) == nil && isSameFile(statusOf(&stat), n.status) {
			return statusOf(&stat), true
		}
	}
	return fileStatus{}, false
}

func isSameFile(a, b fileStatus) bool { return a.dev == b.dev && a.ino == b.ino }
