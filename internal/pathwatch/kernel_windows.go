package pathwatch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"unsafe"
	"weak"

	"golang.org/x/sys/windows"
)

const separators = `\/`

// absolute returns the path with its volume.
func absolute(name string) (string, error) {
	if name == "" {
		return "", fmt.Errorf("watch %q: the name is empty: %w", name, syscall.ENOENT)
	}
	name, err := filepath.Abs(name)
	return long(name), err
}

// long returns the path with long names instead of short ones such as PROGRA~1, because events have
// long names. It keeps the part of the path that does not exist.
func long(path string) string {
	directory, entry := filepath.Split(path)
	if entry == "" || !strings.Contains(path, "~") {
		return path
	}
	name, err := windows.UTF16FromString(path)
	if err != nil {
		return path
	}
	buffer := make([]uint16, windows.MAX_LONG_PATH)
	n, err := windows.GetLongPathName(&name[0], &buffer[0], uint32(len(buffer)))
	if err != nil || int(n) >= len(buffer) {
		return filepath.Join(long(filepath.Clean(directory)), entry)
	}
	return windows.UTF16ToString(buffer[:n])
}

// fold returns the spelling of the entry that all paths use.
func fold(entry string) string { return strings.ToLower(entry) }

// directories reports changes with ReadDirectoryChangesW. Files are not held open.
type directories struct {
	*port
	nodes map[identity]*node
}

// port is the completion port that all directories share. A goroutine waits for it. The port does
// not refer to the nodes, so it does not keep their owner reachable.
type port struct {
	number windows.Handle
	notify func()

	mu         sync.Mutex // guards the rest and the handles of nodes
	opened     map[windows.Handle]struct{}
	operations map[*windows.Overlapped]*operation // running, so the kernel uses their memory
	done       []*operation
	closed     bool
}

// descriptors holds the handles of a kernel.
type descriptors struct{ port *port }

func (d descriptors) close() { _ = d.port.close() } // nobody can receive the error

func (k *directories) held() descriptors { return descriptors{k.port} }

// watched is the state of a watched file or directory.
type watched struct {
	handle windows.Handle // of a directory; 0 for a file
	path   string
	status fileStatus
}

// mayBeAnother reports whether the node may now be another file. Its file is not held open, and
// some file systems reuse the numbers of removed files.
func (n *node) mayBeAnother() bool { return n.status.attributes&windows.FILE_ATTRIBUTE_DIRECTORY == 0 }

type identity struct{ volume, high, low uint32 }

type fileStatus struct {
	identity
	size       uint64
	written    windows.Filetime
	attributes uint32
	links      uint32
}

// operation is a call of ReadDirectoryChangesW for a directory.
type operation struct {
	overlapped windows.Overlapped
	directory  weak.Pointer[node]
	length     uint32
	failed     bool
	buffer     [16 << 10 / 4]uint32
}

const requestedChanges = windows.FILE_NOTIFY_CHANGE_FILE_NAME | windows.FILE_NOTIFY_CHANGE_DIR_NAME | windows.FILE_NOTIFY_CHANGE_ATTRIBUTES |
	windows.FILE_NOTIFY_CHANGE_SIZE | windows.FILE_NOTIFY_CHANGE_LAST_WRITE | windows.FILE_NOTIFY_CHANGE_SECURITY

func newKernel(notify func()) (kernel, error) {
	number, err := windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, 0)
	if err != nil {
		return nil, os.NewSyscallError("CreateIoCompletionPort", err)
	}
	p := &port{
		number: number, notify: notify,
		opened: make(map[windows.Handle]struct{}), operations: make(map[*windows.Overlapped]*operation),
	}
	go p.run()
	return &directories{port: p, nodes: make(map[identity]*node)}, nil
}

func (k *directories) fd() int { return -1 }

// run takes finished operations. After close it returns when the last operation has finished.
func (p *port) run() {
	for {
		var length uint32
		var key uintptr
		var overlapped *windows.Overlapped
		err := windows.GetQueuedCompletionStatus(p.number, &length, &key, &overlapped, windows.INFINITE)
		if p.finish(overlapped, length, err != nil) {
			_ = windows.CloseHandle(p.number) // nothing waits for it
			return
		}
		p.notify()
	}
}

// finish records a finished operation, and reports whether it was the last one after close.
func (p *port) finish(overlapped *windows.Overlapped, length uint32, failed bool) (last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if op := p.operations[overlapped]; op != nil {
		delete(p.operations, overlapped)
		op.length, op.failed = length, failed
		if n := op.directory.Value(); n != nil && failed {
			p.forget(n) // a removed directory disappears when its last handle is closed
		}
		p.done = append(p.done, op)
	}
	return p.closed && len(p.operations) == 0
}

func (p *port) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for handle := range p.opened {
		p.closeHandle(handle)
	}
	return os.NewSyscallError("PostQueuedCompletionStatus", windows.PostQueuedCompletionStatus(p.number, 0, 0, nil))
}

// closeHandle closes the handle of a directory, whose operation then fails.
func (p *port) closeHandle(handle windows.Handle) {
	if _, ok := p.opened[handle]; ok {
		delete(p.opened, handle)
		_ = windows.CancelIoEx(handle, nil) // fails if the operation has finished
		_ = windows.CloseHandle(handle)     // nothing was written to it
	}
}

// forget ends the watch of a node.
func (p *port) forget(n *node) {
	p.closeHandle(n.handle)
	n.handle = 0
}

func (k *directories) unwatch(n *node) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.nodes[n.status.identity] == n {
		delete(k.nodes, n.status.identity)
	}
	k.forget(n)
}

func (k *directories) watch(path string, isDirectory bool) (*node, error) {
	handle, status, err := open(path, isDirectory)
	if err != nil {
		return nil, errOpen(path, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.nodes[status.identity]
	if n != nil && n.handle != 0 || !isDirectory {
		_ = windows.CloseHandle(handle) // nothing was written to it
		if n == nil {
			n = &node{watched: watched{status: status}} // events compare with it
			k.nodes[status.identity] = n
		}
		n.path = path
		return n, nil
	}
	n = &node{watched: watched{handle: handle, path: path, status: status}}
	_, err = windows.CreateIoCompletionPort(handle, k.number, 0, 0)
	if err == nil {
		err = k.start(n, &operation{directory: weak.Make(n)})
	}
	if err != nil {
		_ = windows.CloseHandle(handle) // the first error matters more
		return nil, errOpen(path, err)
	}
	k.nodes[status.identity], k.opened[handle] = n, struct{}{}
	return n, nil
}

// start starts an operation for a directory.
func (p *port) start(n *node, op *operation) error {
	op.overlapped = windows.Overlapped{}
	p.operations[&op.overlapped] = op
	err := windows.ReadDirectoryChanges(n.handle, (*byte)(unsafe.Pointer(&op.buffer)), uint32(unsafe.Sizeof(op.buffer)), false,
		requestedChanges, nil, &op.overlapped, 0)
	if err != nil && err != windows.ERROR_IO_PENDING {
		delete(p.operations, &op.overlapped)
		return os.NewSyscallError("ReadDirectoryChanges", err)
	}
	return nil
}

// open opens the file at path. If that is a link, it opens the link itself.
func open(path string, isDirectory bool) (handle windows.Handle, status fileStatus, err error) {
	if len(path) > 240 && path[0] != '\\' {
		path = `\\?\` + path
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, fileStatus{}, err
	}
	access := uint32(windows.FILE_READ_ATTRIBUTES)
	if isDirectory {
		access |= windows.FILE_LIST_DIRECTORY
	}
	handle, err = windows.CreateFile(name, access, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil,
		windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT|windows.FILE_FLAG_OVERLAPPED, 0)
	if err != nil {
		return 0, fileStatus{}, err
	}
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(handle, &info); err != nil {
		_ = windows.CloseHandle(handle) // the first error matters more
		return 0, fileStatus{}, err
	}
	return handle, fileStatus{
		identity: identity{info.VolumeSerialNumber, info.FileIndexHigh, info.FileIndexLow},
		size:     uint64(info.FileSizeHigh)<<32 | uint64(info.FileSizeLow),
		written:  info.LastWriteTime, attributes: info.FileAttributes, links: info.NumberOfLinks,
	}, nil
}

func (k *directories) read(happened func(*node, string, Change)) (lost bool, err error) {
	k.mu.Lock()
	done := k.done
	k.done = nil
	k.mu.Unlock()
	for _, op := range done {
		n := op.directory.Value()
		switch {
		case n == nil: // no longer watched
			continue
		case op.failed || n.handle == 0:
			happened(n, "", 0)
			continue
		}
		lost = lost || op.length == 0
		k.decode(n, op, happened)
		k.mu.Lock()
		if n.handle != 0 && k.start(n, op) != nil {
			k.forget(n)
			lost = true
		}
		k.mu.Unlock()
	}
	return lost, nil
}

// decode reports the changes of a directory's entries.
func (k *directories) decode(n *node, op *operation, happened func(*node, string, Change)) {
	buffer := unsafe.Slice((*byte)(unsafe.Pointer(&op.buffer)), op.length)
	for at := uint32(0); at+12 <= op.length; {
		event := (*windows.FileNotifyInformation)(unsafe.Pointer(&buffer[at]))
		entry := windows.UTF16ToString(unsafe.Slice(&event.FileName, event.FileNameLength/2))
		switch event.Action {
		case windows.FILE_ACTION_ADDED, windows.FILE_ACTION_RENAMED_NEW_NAME:
			happened(n, entry, Created)
		case windows.FILE_ACTION_REMOVED:
			happened(n, entry, Deleted)
		case windows.FILE_ACTION_RENAMED_OLD_NAME:
			happened(n, entry, Renamed)
		default:
			happened(n, entry, k.compare(filepath.Join(n.path, entry)))
		}
		if event.NextEntryOffset == 0 {
			return
		}
		at += event.NextEntryOffset
	}
}

// compare returns the changes of a file since the last look, or Modified if it finds none.
func (k *directories) compare(path string) (change Change) {
	handle, now, err := open(path, false)
	if err != nil {
		return Modified // it is being removed, or permission is missing
	}
	_ = windows.CloseHandle(handle) // nothing was written to it
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.nodes[now.identity]
	if n == nil {
		return Modified
	}
	if now.size != n.status.size || now.written != n.status.written {
		change |= Modified
	}
	if now.size > n.status.size {
		change |= Extended
	}
	if now.attributes != n.status.attributes {
		change |= Attributes
	}
	if now.links != n.status.links {
		change |= Linked
	}
	if n.status = now; change == 0 {
		change = Modified
	}
	return change
}

func errOpen(path string, err error) error {
	switch {
	case isGone(err), err == windows.ERROR_DELETE_PENDING, err == windows.ERROR_DIRECTORY:
		return errGone
	case err == windows.ERROR_ACCESS_DENIED, err == windows.ERROR_SHARING_VIOLATION:
		return errUnreadable
	}
	return errWatch(path, "CreateFile", err, "")
}
