//go:build freebsd || linux

package kqueue_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// site is a directory with some files. Each operation gets a new one.
type site struct {
	t                                 *testing.T
	dir, outside                      string // watched, and beside it
	file, second, folder, full, empty string // in dir
	writer                            int    // of file
}

func newSite(t *testing.T) *site {
	top := t.TempDir()
	s := &site{t: t, dir: filepath.Join(top, "dir"), outside: filepath.Join(top, "outside")}
	s.file, s.second = filepath.Join(s.dir, "file"), filepath.Join(s.dir, "second")
	s.folder, s.full, s.empty = filepath.Join(s.dir, "folder"), filepath.Join(s.dir, "full"), filepath.Join(s.dir, "empty")
	for _, dir := range []string{s.dir, s.outside, s.folder, s.full, s.empty, filepath.Join(s.full, "entry"), filepath.Join(s.outside, "folder")} {
		must(t, os.Mkdir(dir, 0o700))
	}
	for _, file := range []string{s.file, s.second, filepath.Join(s.outside, "file")} {
		must(t, os.WriteFile(file, make([]byte, 10), 0o600))
	}
	s.writer = open(t, s.file, unix.O_RDWR)
	return s
}

func (s *site) inside(name string) string { return filepath.Join(s.dir, name) }
func (s *site) elsewhere(n string) string { return filepath.Join(s.outside, n) }
func (s *site) writeAt(at int64)          { s.ok(second(unix.Pwrite(s.writer, make([]byte, 5), at))) }
func (s *site) ok(err error)              { s.t.Helper(); must(s.t, err) }
func (s *site) refused(err error)         { s.t.Helper(); s.check(err != nil) }
func (s *site) check(condition bool) {
	s.t.Helper()
	if !condition {
		s.t.Fatal("the operation succeeded")
	}
}
func second(_ int, err error) error { return err }

// operation is one row of the table in docs/kqueue-notes.md.
type operation struct {
	name  string
	run   func(*site)
	want  kqueue.Fflags // the notes of FreeBSD
	linux kqueue.Fflags // the notes of the emulation, if they differ
}

// fileOperations holds operations on a watched file.
var fileOperations = []operation{
	{"write inside", func(s *site) { s.writeAt(0) }, kqueue.NoteWrite, 0},
	{"append", func(s *site) { s.writeAt(10) }, kqueue.NoteWrite | kqueue.NoteExtend, 0},
	{"truncate down", func(s *site) { s.ok(os.Truncate(s.file, 3)) }, kqueue.NoteAttrib, 0},
	{"truncate to nothing", func(s *site) { s.ok(unix.Ftruncate(s.writer, 0)) }, kqueue.NoteAttrib, 0},
	{"truncate up", func(s *site) { s.ok(os.Truncate(s.file, 30)) }, kqueue.NoteAttrib, kqueue.NoteWrite | kqueue.NoteExtend},
	{"truncate to the same size", func(s *site) { s.ok(os.Truncate(s.file, 10)) }, kqueue.NoteAttrib, kqueue.NoteWrite},
	{"truncate when opening", func(s *site) { s.ok(os.WriteFile(s.file, nil, 0o600)) }, kqueue.NoteAttrib, 0},
	{"rewrite shorter", func(s *site) { s.ok(os.WriteFile(s.file, make([]byte, 5), 0o600)) },
		kqueue.NoteAttrib | kqueue.NoteWrite | kqueue.NoteExtend, kqueue.NoteAttrib | kqueue.NoteWrite},
	{"change the mode", func(s *site) { s.ok(os.Chmod(s.file, 0o640)) }, kqueue.NoteAttrib, 0},
	{"change the owner", func(s *site) { s.ok(os.Chown(s.file, os.Getuid(), os.Getgid())) }, kqueue.NoteAttrib, 0},
	{"change the times", func(s *site) { s.ok(os.Chtimes(s.file, time.Now(), time.Now())) }, kqueue.NoteAttrib, 0},
	{"link", func(s *site) { s.ok(os.Link(s.file, s.inside("link"))) }, kqueue.NoteLink, 0},
	{"unlink the last name", func(s *site) { s.ok(os.Remove(s.file)) }, kqueue.NoteDelete, 0},
	{"rename", func(s *site) { s.ok(os.Rename(s.file, s.inside("new"))) }, kqueue.NoteRename, 0},
	{"rename to another folder", func(s *site) { s.ok(os.Rename(s.file, s.elsewhere("new"))) }, kqueue.NoteRename, 0},
	{"rename over another file", func(s *site) { s.ok(os.Rename(s.file, s.second)) }, kqueue.NoteRename, 0},
	{"replace by rename", func(s *site) { s.ok(os.Rename(s.second, s.file)) }, kqueue.NoteDelete, 0},
	{"rename that is refused", func(s *site) { s.refused(os.Rename(s.file, s.folder)) }, 0, 0},
}

// dirOperations holds operations on or in a watched directory.
var dirOperations = []operation{
	{"create a file", func(s *site) { s.ok(os.WriteFile(s.inside("new"), []byte{1}, 0o600)) }, kqueue.NoteWrite, 0},
	{"create a pipe", func(s *site) { s.ok(unix.Mkfifo(s.inside("new"), 0o600)) }, kqueue.NoteWrite, 0},
	{"create a symbolic link", func(s *site) { s.ok(os.Symlink("file", s.inside("new"))) }, kqueue.NoteWrite, 0},
	{"link a file", func(s *site) { s.ok(os.Link(s.elsewhere("file"), s.inside("new"))) }, kqueue.NoteWrite, 0},
	{"unlink a file", func(s *site) { s.ok(os.Remove(s.file)) }, kqueue.NoteWrite, 0},
	{"make a directory", func(s *site) { s.ok(os.Mkdir(s.inside("new"), 0o700)) }, kqueue.NoteWrite | kqueue.NoteLink, 0},
	{"remove a directory", func(s *site) { s.ok(os.Remove(s.folder)) }, kqueue.NoteWrite | kqueue.NoteLink, 0},
	{"remove a directory that is not empty", func(s *site) { s.refused(unix.Rmdir(s.full)) }, 0, 0},
	{"rename a file", func(s *site) { s.ok(os.Rename(s.file, s.inside("new"))) }, kqueue.NoteWrite, 0},
	{"rename a file over another", func(s *site) { s.ok(os.Rename(s.file, s.second)) }, kqueue.NoteWrite, 0},
	{"rename a directory", func(s *site) { s.ok(os.Rename(s.folder, s.inside("new"))) }, kqueue.NoteWrite, 0},
	{"rename a directory over another", func(s *site) { s.ok(unix.Rename(s.folder, s.empty)) }, kqueue.NoteWrite | kqueue.NoteLink, 0},
	{"move a file out", func(s *site) { s.ok(os.Rename(s.file, s.elsewhere("new"))) }, kqueue.NoteWrite | kqueue.NoteExtend, 0},
	{"move a file in", func(s *site) { s.ok(os.Rename(s.elsewhere("file"), s.inside("new"))) }, kqueue.NoteWrite | kqueue.NoteExtend, 0},
	{"move a directory out", func(s *site) { s.ok(os.Rename(s.folder, s.elsewhere("new"))) },
		kqueue.NoteWrite | kqueue.NoteExtend | kqueue.NoteLink, 0},
	{"move a directory in", func(s *site) { s.ok(os.Rename(s.elsewhere("folder"), s.inside("new"))) },
		kqueue.NoteWrite | kqueue.NoteExtend | kqueue.NoteLink, 0},
	{"move a directory in over another", func(s *site) { s.ok(unix.Rename(s.elsewhere("folder"), s.empty)) },
		kqueue.NoteWrite | kqueue.NoteExtend, 0},
	{"write to a file in it", func(s *site) { s.writeAt(10) }, 0, 0},
	{"change the mode of a file in it", func(s *site) { s.ok(os.Chmod(s.file, 0o640)) }, 0, 0},
	{"create a file in a directory in it", func(s *site) { s.ok(os.WriteFile(filepath.Join(s.folder, "new"), nil, 0o600)) }, 0, 0},
	{"change its mode", func(s *site) { s.ok(os.Chmod(s.dir, 0o750)) }, kqueue.NoteAttrib, 0},
	{"rename it", func(s *site) { s.ok(os.Rename(s.dir, s.elsewhere("dir"))) }, kqueue.NoteRename, 0},
	{"removal that is refused", func(s *site) { s.refused(unix.Rmdir(s.dir)) }, 0, 0},
}

// emptyOperations holds operations on an empty watched directory.
var emptyOperations = []operation{
	{"remove it", func(s *site) { s.ok(os.Remove(s.empty)) }, kqueue.NoteDelete, 0},
	{"rename and remove it", func(s *site) {
		s.ok(os.Rename(s.empty, s.elsewhere("empty")))
		s.ok(os.Remove(s.elsewhere("empty")))
	}, kqueue.NoteRename | kqueue.NoteDelete, 0},
	{"replace it by rename", func(s *site) { s.ok(unix.Rename(s.folder, s.empty)) }, kqueue.NoteDelete, 0},
	{"remove its neighbour", func(s *site) { s.ok(os.Remove(s.folder)) }, 0, 0},
}

// TestNotesOfEachOperation compares the reported notes with the table in docs/kqueue-notes.md.
func TestNotesOfEachOperation(t *testing.T) {
	const all = kqueue.NoteDelete | kqueue.NoteWrite | kqueue.NoteExtend | kqueue.NoteAttrib | kqueue.NoteLink | kqueue.NoteRename
	for kind, table := range map[string]struct {
		operations []operation
		path       func(*site) string
	}{
		"file":      {fileOperations, func(s *site) string { return s.file }},
		"directory": {dirOperations, func(s *site) string { return s.dir }},
		"empty":     {emptyOperations, func(s *site) string { return s.empty }},
	} {
		for _, row := range table.operations {
			t.Run(kind+"/"+row.name, func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				row.check(t, s, open(t, table.path(s), unix.O_RDONLY), all)
			})
		}
	}
}

// check runs the operation and compares all notes that are reported.
func (o operation) check(t *testing.T, s *site, fd int, notes kqueue.Fflags) {
	t.Helper()
	want := o.want
	if o.linux != 0 && !kqueue.Native {
		want = o.linux
	}
	queue := newQueue(t)
	apply(t, queue, noted(fd, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, notes, 0))
	o.run(s)
	event := change(fd, kqueue.FilterVnode, kqueue.EvClear)
	timeout := soon
	if want == 0 {
		timeout = quiet
	}
	for event.Fflags != want || timeout == quiet {
		events := wait(t, queue, 4, timeout)
		if len(events) == 0 {
			break
		}
		event.Fflags |= events[0].Fflags
		if event.Fflags&want == want { // any further note is wrong
			timeout = quiet
		}
	}
	none(t, queue)
	if expected := noted(fd, kqueue.FilterVnode, kqueue.EvClear, want, 0); event != expected {
		t.Errorf("reported is %v, want %v", event, expected)
	}
}

// TestUnlinkOfOneOfTwoNames is a row of the table that needs a second name before the watch.
func TestUnlinkOfOneOfTwoNames(t *testing.T) {
	s := newSite(t)
	must(t, os.Link(s.file, s.inside("link")))
	unlink := operation{"", func(s *site) { s.ok(os.Remove(s.inside("link"))) }, kqueue.NoteDelete, 0}
	unlink.check(t, s, s.writer, kqueue.NoteDelete|kqueue.NoteLink|kqueue.NoteAttrib|kqueue.NoteRename)
}

// TestTruncateOfAnEmptyFile is a row of the table that needs an empty file.
func TestTruncateOfAnEmptyFile(t *testing.T) {
	s := newSite(t)
	must(t, os.Truncate(s.file, 0))
	truncate := operation{"", func(s *site) { s.ok(os.WriteFile(s.file, nil, 0o600)) }, kqueue.NoteAttrib, 0}
	truncate.check(t, s, s.writer, kqueue.NoteWrite|kqueue.NoteExtend|kqueue.NoteAttrib)
}

// TestOpenAndReadNotesOfEachOperation checks the notes that other systems lack.
func TestOpenAndReadNotesOfEachOperation(t *testing.T) {
	const notes = kqueue.NoteOpen | kqueue.NoteClose | kqueue.NoteCloseWrite | kqueue.NoteRead
	for _, row := range []operation{
		{"open", func(s *site) { open(s.t, s.file, unix.O_RDONLY) }, kqueue.NoteOpen, 0},
		{"read", func(s *site) { readFile(s.t, s.writer, 1) }, kqueue.NoteRead, 0},
		{"open and close", func(s *site) { suite.Close(s.t, open(s.t, s.file, unix.O_RDONLY)) }, kqueue.NoteOpen | kqueue.NoteClose, 0},
		{"open and close for writing", func(s *site) { suite.Close(s.t, open(s.t, s.file, unix.O_WRONLY)) },
			kqueue.NoteOpen | kqueue.NoteCloseWrite, 0},
		{"write", func(s *site) { s.writeAt(0) }, 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			row.check(t, s, open(t, s.file, unix.O_RDONLY), notes)
		})
	}
	t.Run("list a directory", func(t *testing.T) {
		s := newSite(t)
		list := operation{"", func(s *site) { s.ok(second(unix.ReadDirent(open(s.t, s.dir, unix.O_RDONLY), make([]byte, 4096)))) },
			kqueue.NoteRead, 0}
		list.check(t, s, open(t, s.dir, unix.O_RDONLY), kqueue.NoteRead)
	})
}

// TestPermissionsThatAreLostLater adds a file again after the permission to read it is lost.
func TestPermissionsThatAreLostLater(t *testing.T) {
	s := newSite(t)
	queue := newQueue(t)
	add := noted(s.writer, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteWrite|kqueue.NoteDelete, 0)
	apply(t, queue, add)
	must(t, os.Chmod(s.file, 0))
	add.Fflags |= kqueue.NoteAttrib | kqueue.NoteExtend
	apply(t, queue, add)
	s.writeAt(10)
	one(t, queue, s.writer, kqueue.FilterVnode)
	if err := unix.Access(s.file, unix.R_OK); os.Getuid() != 0 && !errors.Is(err, unix.EACCES) {
		t.Errorf("access: %v", err)
	}
}
