//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

const (
	vnodeNotes = kqueue.NoteDelete | kqueue.NoteWrite | kqueue.NoteExtend | kqueue.NoteAttrib | kqueue.NoteLink | kqueue.NoteRename
)

// watchFile registers a file for all notes.
func watchFile(t *testing.T, queue *kqueue.Queue, fd int) {
	t.Helper()
	apply(t, queue, noted(fd, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, vnodeNotes, 0))
	none(t, queue)
}

// happens calls do. All notes of want must be reported, and none of unwanted.
func happens(t *testing.T, queue *kqueue.Queue, fd int, want, unwanted kqueue.Fflags, do func() error) {
	t.Helper()
	must(t, do())
	event := one(t, queue, fd, kqueue.FilterVnode)
	// The notes may arrive one by one.
	for seen := event.Fflags; event.Fflags&want != want; seen |= event.Fflags {
		event = one(t, queue, fd, kqueue.FilterVnode)
		event.Fflags |= seen
	}
	if event.Fflags&unwanted != 0 {
		t.Errorf("event is %v, which has some of the notes %v", event, unwanted)
	}
	none(t, queue)
}

func TestFileNotes(t *testing.T) {
	path, fd := newFile(t, 10)
	writer := open(t, path, unix.O_WRONLY)
	queue := newQueue(t)
	watchFile(t, queue, fd)
	gone := kqueue.NoteDelete | kqueue.NoteRename
	happens(t, queue, fd, kqueue.NoteWrite, gone|kqueue.NoteExtend|kqueue.NoteLink, func() error {
		_, err := unix.Write(writer, make([]byte, 5))
		return err
	})
	happens(t, queue, fd, kqueue.NoteWrite|kqueue.NoteExtend, gone|kqueue.NoteLink, func() error {
		_, err := unix.Write(writer, make([]byte, 10))
		return err
	})
	happens(t, queue, fd, kqueue.NoteAttrib, gone|kqueue.NoteWrite|kqueue.NoteExtend, func() error { return os.Chmod(path, 0o640) })
	happens(t, queue, fd, kqueue.NoteLink, gone|kqueue.NoteWrite, func() error { return os.Link(path, path+".link") })
	happens(t, queue, fd, kqueue.NoteRename, kqueue.NoteDelete|kqueue.NoteWrite, func() error { return os.Rename(path, path+".new") })
	must(t, os.Remove(path+".link"))
	// Systems differ in the note for the removal of a name that is not the last one.
	one(t, queue, fd, kqueue.FilterVnode)
	happens(t, queue, fd, kqueue.NoteDelete, kqueue.NoteRename|kqueue.NoteWrite, func() error { return os.Remove(path + ".new") })
}

func TestRenameOverAFileDeletesIt(t *testing.T) {
	path, fd := newFile(t, 0)
	must(t, os.WriteFile(path+".new", nil, 0o600))
	queue := newQueue(t)
	watchFile(t, queue, fd)
	happens(t, queue, fd, kqueue.NoteDelete, kqueue.NoteRename, func() error { return os.Rename(path+".new", path) })
}

func TestDirectoryNotes(t *testing.T) {
	dir := t.TempDir()
	fd := open(t, dir, unix.O_RDONLY)
	queue := newQueue(t)
	watchFile(t, queue, fd)
	path := filepath.Join(dir, "file")
	gone := kqueue.NoteDelete | kqueue.NoteRename
	happens(t, queue, fd, kqueue.NoteWrite, gone|kqueue.NoteLink, func() error { return os.WriteFile(path, nil, 0o600) })
	happens(t, queue, fd, kqueue.NoteWrite, gone, func() error { return os.Rename(path, path+".new") })
	happens(t, queue, fd, kqueue.NoteWrite, gone|kqueue.NoteLink, func() error { return os.Remove(path + ".new") })
	happens(t, queue, fd, kqueue.NoteWrite|kqueue.NoteLink, gone, func() error { return os.Mkdir(path, 0o700) })
	// A change inside an entry is not a change of the directory.
	must(t, os.WriteFile(filepath.Join(path, "inside"), nil, 0o600))
	none(t, queue)
}

// TestUnrequestedNotesAreNotReported changes the notes with a second EvAdd.
func TestUnrequestedNotesAreNotReported(t *testing.T) {
	path, fd := newFile(t, 0)
	queue := newQueue(t)
	apply(t, queue, noted(fd, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteDelete, 0))
	extend(t, path, 1)
	must(t, os.Chmod(path, 0o640))
	none(t, queue)
	apply(t, queue, noted(fd, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteExtend, 0))
	extend(t, path, 1)
	event := one(t, queue, fd, kqueue.FilterVnode)
	// FreeBSD and DragonFly report all notes of an operation if one of them was requested.
	if event.Fflags&kqueue.NoteExtend == 0 || event.Fflags != kqueue.NoteExtend && !kqueue.Native {
		t.Errorf("event is %v, want NoteExtend alone", event)
	}
}

// TestTwoDescriptorsOfOneFile registers each descriptor for other notes.
func TestTwoDescriptorsOfOneFile(t *testing.T) {
	path, first := newFile(t, 0)
	second := open(t, path, unix.O_RDONLY)
	queue := newQueue(t)
	apply(t, queue, noted(first, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteWrite, 0),
		noted(second, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteAttrib, 0))
	extend(t, path, 1)
	one(t, queue, first, kqueue.FilterVnode)
	must(t, os.Chmod(path, 0o640))
	one(t, queue, second, kqueue.FilterVnode)
	apply(t, queue, change(first, kqueue.FilterVnode, kqueue.EvDelete))
	extend(t, path, 1)
	none(t, queue)
	must(t, os.Chmod(path, 0o600))
	one(t, queue, second, kqueue.FilterVnode)
}

// TestEarlierChangesAreNotReported changes a file before its registration.
func TestEarlierChangesAreNotReported(t *testing.T) {
	path, first := newFile(t, 0)
	second := open(t, path, unix.O_RDONLY)
	queue := newQueue(t)
	apply(t, queue, noted(first, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteWrite|kqueue.NoteExtend, 0))
	extend(t, path, 1)
	apply(t, queue, noted(second, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteWrite|kqueue.NoteExtend, 0))
	one(t, queue, first, kqueue.FilterVnode)
	none(t, queue)
}

func TestOpenCloseAndReadNotes(t *testing.T) {
	path, fd := newFile(t, 1)
	notes := kqueue.NoteOpen | kqueue.NoteClose | kqueue.NoteCloseWrite | kqueue.NoteRead
	needs(t, noted(fd, kqueue.FilterVnode, kqueue.EvAdd, notes, 0))
	queue := newQueue(t)
	apply(t, queue, noted(fd, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, notes, 0))
	var other *os.File
	happens(t, queue, fd, kqueue.NoteOpen, kqueue.NoteClose|kqueue.NoteRead, func() (err error) {
		other, err = os.Open(path)
		return err
	})
	happens(t, queue, fd, kqueue.NoteRead, kqueue.NoteOpen, func() error {
		_, err := other.Read(make([]byte, 1))
		return err
	})
	happens(t, queue, fd, kqueue.NoteClose, kqueue.NoteCloseWrite, func() error { return other.Close() })
	happens(t, queue, fd, kqueue.NoteOpen|kqueue.NoteCloseWrite, kqueue.NoteClose, func() error {
		extend(t, path, 1)
		return nil
	})
}

func TestDisabledAndDeletedFileNotesAreSilent(t *testing.T) {
	path, fd := newFile(t, 0)
	queue := newQueue(t)
	added := noted(fd, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteExtend, 0)
	apply(t, queue, added)
	extend(t, path, 1)
	disabled := added
	disabled.Flags = kqueue.EvDisable
	apply(t, queue, disabled)
	none(t, queue)
	apply(t, queue, change(fd, kqueue.FilterVnode, kqueue.EvDelete))
	none(t, queue)
	apply(t, queue, added)
	none(t, queue)
	extend(t, path, 1)
	one(t, queue, fd, kqueue.FilterVnode)
}

func TestOnlyFilesHaveFileNotes(t *testing.T) {
	queue := newQueue(t)
	a, _ := suite.SocketPair(t, unix.SOCK_STREAM)
	fails(t, queue, noted(a, kqueue.FilterVnode, kqueue.EvAdd, kqueue.NoteWrite, 0), unix.EINVAL, unix.EBADF, unix.EOPNOTSUPP)
	fails(t, queue, noted(queue.FD(), kqueue.FilterVnode, kqueue.EvAdd, kqueue.NoteWrite, 0),
		unix.EINVAL, unix.EBADF, unix.EOPNOTSUPP)
}
