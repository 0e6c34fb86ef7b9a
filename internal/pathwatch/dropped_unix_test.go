//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pathwatch

import (
	"maps"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// It is not parallel, so that no other test opens a file with the number.
func TestDroppedWatcherIsClosed(t *testing.T) {
	fd := func() int {
		w, err := New(nil)
		must(t, err)
		p := add(t, w, filepath.Join(t.TempDir(), "file"))
		p.Owner = w // as a Poller's source leads back to it
		return w.FD()
	}()
	for end := time.Now().Add(soon); time.Now().Before(end); time.Sleep(time.Millisecond) {
		runtime.GC()
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == unix.EBADF {
			return
		}
	}
	t.Error("the descriptor is still open")
}

// On Linux, the model of kqueue shows that a dropped watcher closes the watched files, too.
func TestWatchedFilesAreHeld(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		expectHeld := func() {
			t.Helper()
			want := descriptors{w.FD(): {}}
			if k, ok := w.kernel.(*vnodes); ok {
				for fd := range k.opened {
					want[fd] = struct{}{}
				}
			}
			if held := w.kernel.held(); !maps.Equal(held, want) {
				t.Errorf("held are %v, want %v", held, want)
			}
		}
		p := add(t, w, filepath.Join(directory, "file"))
		expectHeld()
		write(t, filepath.Join(directory, "file"), "text")
		p2 := add(t, w, filepath.Join(directory, "file"))
		expectHeld()
		w.Remove(p)
		w.Remove(p2)
		expectHeld()
	})
}
