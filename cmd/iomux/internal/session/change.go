//go:build unix || windows

package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"iomux"
)

// changeStates are the changes of a path, and how they are printed.
var changeStates = []struct {
	change iomux.Change
	state  states
}{
	{iomux.Modified, changed},
	{iomux.Extended, extended},
	{iomux.Attributes, attributes},
	{iomux.Linked, linked},
	{iomux.Renamed, renamed},
	{iomux.Deleted, deleted},
	{iomux.Created, created},
}

func statesOf(change iomux.Change) (all states) {
	for _, line := range changeStates {
		if change&line.change != 0 {
			all |= line.state
		}
	}
	return all
}

// openChange begins to watch a name for changes. The name may lead to nothing yet.
func (t *target) openChange() {
	info, err := os.Stat(t.path)
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		t.fail(fmt.Errorf("neither a file nor a folder: to wait for data write %s", t.path))
		return
	}
	if err == nil || leadsNowhere(err) {
		err = t.session.waiter.setPath(t, t.path)
	}
	if err != nil {
		t.fail(pathFailure(err))
	}
}

// openExists waits until the name exists, or with --gone does not. The second look finds
// a change from before the watch began.
func (t *target) openExists() {
	if t.lookForName(); t.ended() || t.session.Timeout == 0 {
		return
	}
	err := t.session.waiter.setPath(t, t.path)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		t.lookEvery(pause)
	case err != nil:
		t.fail(pathFailure(err))
	default:
		if t.lookForName(); !t.ended() {
			t.lookEvery(time.Second)
		}
	}
}

// lookEvery looks for the name from time to time, because some systems, and file systems such as
// /proc, do not report changes.
func (t *target) lookEvery(d time.Duration) {
	t.after(d, func() {
		if t.lookForName(); !t.ended() {
			t.lookEvery(d)
		}
	})
}

// lookForName reports the name when it begins to exist, or with --gone does not exist.
func (t *target) lookForName() {
	existed := t.exists
	_, err := os.Stat(t.path)
	t.exists = err == nil
	switch {
	case t.exists && !existed && !t.session.Gone:
		t.report(t.newReport(exists))
	case err != nil && !leadsNowhere(err):
		t.fail(reason(err))
	case !t.exists && t.session.Gone:
		t.report(t.newReport(gone))
	}
}

// leadsNowhere reports whether a name cannot be resolved because of the files that exist now.
func leadsNowhere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP)
}

// pathFailure returns the reason why a path cannot be watched, and what to do.
func pathFailure(err error) error {
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return errors.New("this system does not report changes: wait with timer: and compare")
	case leadsNowhere(err):
		return errors.New("the current folder was removed: write a path that begins with /")
	case errors.Is(err, syscall.ENOSPC):
		return errors.New("the limit of watched files is reached: raise the sysctl fs.inotify.max_user_watches")
	case errors.Is(err, syscall.EMFILE):
		return errors.New("the limit of open files or of inotify instances is reached: " +
			"raise ulimit -n or the sysctl fs.inotify.max_user_instances")
	}
	return reason(err)
}
