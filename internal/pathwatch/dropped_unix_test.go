//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pathwatch

import (
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
