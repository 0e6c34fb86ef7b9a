package pathwatch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLimitsNameTheirSysctl(t *testing.T) {
	if !inNamespaces(t, syscall.CLONE_NEWUSER) {
		return
	}
	limit(t, "max_inotify_watches", "3")
	w, err := New(nil)
	must(t, err)
	defer func() { must(t, w.Close()) }()
	directory := t.TempDir()
	_, err = w.Add(filepath.Join(directory, "file"), nil)
	if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "fs.inotify.max_user_watches") {
		t.Errorf("error is %v", err)
	}
	if w.Len() != 0 || w.kernel.(*inotify).count() != 0 {
		t.Errorf("%d paths and %d files are watched", w.Len(), w.kernel.(*inotify).count())
	}
	limit(t, "max_inotify_instances", "1")
	_, err = New(nil)
	if !errors.Is(err, unix.EMFILE) || !strings.Contains(err.Error(), "fs.inotify.max_user_instances") {
		t.Errorf("error is %v", err)
	}
	complete(t, w, directory)
}

// complete begins a watch within the limit, and then exceeds the limit. The watch must be completed
// later.
func complete(t *testing.T, w *Watcher, directory string) {
	t.Helper()
	limit(t, "max_inotify_watches", "100")
	name := filepath.Join(directory, "a", "b", "file")
	p := add(t, w, name)
	limit(t, "max_inotify_watches", "4")
	must(t, os.MkdirAll(filepath.Dir(name), 0o700))
	write(t, name, "")
	must(t, w.Collect(func(*Path, Change) {}))
	if !w.Failing() {
		t.Error("Failing is false, although there are too few watches")
	}
	limit(t, "max_inotify_watches", "100")
	expect(t, w, p, Created, 0)
	if w.Failing() {
		t.Error("Failing is true, although there are enough watches")
	}
}

func limit(t *testing.T, name, value string) {
	t.Helper()
	must(t, os.WriteFile("/proc/sys/user/"+name, []byte(value), 0))
}
