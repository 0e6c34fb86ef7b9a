package pathwatch

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// kernels holds the implementations for this system.
var kernels = map[string]func() (kernel, error){
	"ReadDirectoryChanges": func() (kernel, error) { return newKernel(func() { notified <- struct{}{} }) },
}

// notified has room for all notifications of a test, even if none is taken.
var notified = make(chan struct{}, 1<<20)

// await waits until some kernel has a change to report, but no longer than limit.
func await(_ *Watcher, limit time.Duration) {
	select {
	case <-notified:
	case <-time.After(min(limit, 5*time.Millisecond)): // another test may have taken it
	}
}

func (k *directories) count() int { return len(k.nodes) }

// short returns the path with its short names.
func short(t *testing.T, path string) string {
	t.Helper()
	name, err := windows.UTF16FromString(path)
	must(t, err)
	var buffer [windows.MAX_PATH]uint16
	n, err := windows.GetShortPathName(&name[0], &buffer[0], uint32(len(buffer)))
	must(t, err)
	if entry := windows.UTF16ToString(buffer[:n]); filepath.Base(entry) != filepath.Base(path) {
		return entry
	}
	t.Skip("this volume has no short names")
	return ""
}

// Events have long names.
func TestShortNames(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		folder := filepath.Join(directory, "a folder with a long name")
		file := filepath.Join(folder, "a file with a long name")
		must(t, os.Mkdir(folder, 0o700))
		write(t, file, "1")
		existing := add(t, w, short(t, file))
		missing := add(t, w, filepath.Join(short(t, folder), "missing"))
		must(t, appendTo(file, "2"))
		expect(t, w, existing, Modified, Extended|Attributes)
		write(t, filepath.Join(folder, "missing"), "1")
		expect(t, w, missing, Created, Modified|Extended|Attributes)
	})
}
