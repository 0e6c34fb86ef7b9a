//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pathwatch

import (
	"maps"
	"path/filepath"
	"testing"
)

// On Linux, the model of kqueue shows that a dropped watcher also closes the watched files.
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
