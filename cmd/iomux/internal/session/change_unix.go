//go:build unix

package session

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"iomux/kqueue"

	"iomux/cmd/iomux/internal/exit"
)

// settle is how long after a first change others are gathered into the same report: to save a file is several.
const settle = 50 * time.Millisecond

// changes tells what happens to files, by kqueue's filter for them. The queue is one more descriptor to wait on.
type changes struct {
	queue  *kqueue.Queue
	events [64]kqueue.Event
}

// notes are the states as kqueue spells them.
var notes = []struct {
	note  kqueue.Fflags
	state states
}{
	{kqueue.NoteWrite, changed},
	{kqueue.NoteExtend, extended},
	{kqueue.NoteAttrib, attributes},
	{kqueue.NoteLink, linked},
	{kqueue.NoteRename, renamed},
	{kqueue.NoteDelete, deleted},
}

// openChange begins to watch a file for changes.
func (t *target) openChange() {
	err := t.session.makeChanges()
	if err == nil {
		t.fd, err = openForWatching(t.path)
	}
	switch {
	case err == nil:
		t.made = true
		err = t.session.changes.add(t.fd)
	case errors.Is(err, unix.ENOENT):
		err = t.notYet(err)
	}
	if err != nil {
		t.fail(err)
	}
}

// notYet adds what to do about a file that is not there.
func (t *target) notYet(err error) error {
	folder := filepath.Dir(t.path)
	if _, missing := os.Stat(folder); missing != nil {
		return fmt.Errorf("%w, nor its folder: make them first", err)
	}
	return fmt.Errorf("%w: make it first, or watch its folder: path:%s", err, folder)
}

// makeChanges makes the queue for the first file.
func (s *session) makeChanges() error {
	if s.changes != nil {
		return nil
	}
	queue, err := kqueue.New()
	if errors.Is(err, errors.ErrUnsupported) {
		return errors.New("this system has no kqueue to tell of changes: wait by timer: and compare")
	}
	if err != nil {
		return err
	}
	s.changes = &changes{queue: queue}
	return s.watch(&target{session: s, fd: queue.FD(), want: readable, take: func(states) { s.readChanges() }})
}

func openForWatching(path string) (int, error) {
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return -1, err
	}
	switch uint32(stat.Mode) & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR:
	default:
		return -1, fmt.Errorf("neither a file nor a folder: to wait for data write %s", path)
	}
	return ignoringInterrupts(func() (int, error) {
		return unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	})
}

// add makes the queue tell of a file or a folder.
func (c *changes) add(fd int) error {
	change := kqueue.Event{Ident: uint64(fd), Filter: kqueue.FilterVnode, Flags: kqueue.EvAdd | kqueue.EvClear}
	for _, line := range notes {
		change.Fflags |= line.note
	}
	_, err := c.queue.Control([]kqueue.Event{change}, nil, 0)
	return err
}

// readChanges notes what has happened, and reports it after a while.
func (s *session) readChanges() {
	n, err := s.changes.queue.Control(nil, s.changes.events[:], 0)
	if err != nil {
		exit.Complain(err.Error()) // nothing can be wrong with a queue of our own
	}
	for _, event := range s.changes.events[:n] {
		for _, t := range s.targets {
			if t.kind == kindChange && t.fd == int(event.Ident) {
				t.noteChange(event.Fflags)
			}
		}
	}
}

func (t *target) noteChange(happened kqueue.Fflags) {
	for _, line := range notes {
		if happened&line.note != 0 {
			t.noted |= line.state
		}
	}
	if t.later == nil {
		t.after(settle, t.reportChange)
	}
}

// reportChange reports what has happened to the file. Where the name leads to another file now, that is the one from then on;
// where it leads nowhere, the folder is watched until it does.
func (t *target) reportChange() {
	happened := t.noted
	t.noted = 0
	if t.absent {
		happened = 0 // to the folder
	}
	var err error
	if t.absent || happened&(deleted|renamed|linked) != 0 {
		var found bool
		if found, err = t.followName(); found {
			happened |= created
		}
	}
	if happened != 0 {
		t.report(t.newReport(happened))
	}
	if err != nil && (happened == 0 || t.session.Follow) {
		t.fail(err)
	}
}

// followName opens what has the name now, and reports whether that is a new file.
func (t *target) followName() (found bool, err error) {
	fd, err := openForWatching(t.path)
	switch {
	case errors.Is(err, unix.ENOENT) && t.absent:
		return false, nil
	case errors.Is(err, unix.ENOENT):
		return t.awaitName()
	case err != nil:
		return false, err
	case sameFile(fd, t.fd):
		return false, unix.Close(fd)
	}
	t.absent = false
	return true, t.watchInstead(fd)
}

// awaitName watches the folder in the place of the file, which may be back by then.
func (t *target) awaitName() (found bool, err error) {
	fd, err := openForWatching(filepath.Dir(t.path))
	if err != nil {
		return false, fmt.Errorf("its folder has gone, too: %w", err)
	}
	t.absent = true
	if err := t.watchInstead(fd); err != nil {
		return false, err
	}
	return t.followName()
}

// watchInstead watches fd from now on. To close the old one ends its watch.
func (t *target) watchInstead(fd int) error {
	old := t.fd
	t.fd = fd
	return errors.Join(unix.Close(old), t.session.changes.add(fd))
}

func sameFile(a, b int) bool {
	var statA, statB unix.Stat_t
	return unix.Fstat(a, &statA) == nil && unix.Fstat(b, &statB) == nil && statA.Dev == statB.Dev && statA.Ino == statB.Ino
}
