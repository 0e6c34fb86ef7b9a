//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pathwatch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRelativeNames(t *testing.T) {
	t.Chdir(t.TempDir())
	w, err := New(nil)
	must(t, err)
	defer func() { must(t, w.Close()) }()
	p := add(t, w, "sub/../file")
	must(t, os.Mkdir("sub", 0o700))
	write(t, "file", "")
	t.Chdir("/")
	expect(t, w, p, Created, 0)
}

func TestWrongNames(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, folder string) {
		if _, err := w.Add("", nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("error is %v", err)
		}
		if _, err := w.Add("a\x00b", nil); !errors.Is(err, unix.EINVAL) {
			t.Errorf("error is %v", err)
		}
		if _, err := w.Add(filepath.Join(folder, strings.Repeat("x", 300)), nil); !errors.Is(err, unix.ENAMETOOLONG) {
			t.Errorf("error is %v", err)
		}
		write(t, filepath.Join(folder, "file"), "")
		p := add(t, w, filepath.Join(folder, "file", "below")) // a file in place of a folder
		must(t, os.Remove(filepath.Join(folder, "file")))
		must(t, os.Mkdir(filepath.Join(folder, "file"), 0o700))
		write(t, filepath.Join(folder, "file", "below"), "")
		expect(t, w, p, Created, 0)
	})
}

// A FIFO is not opened: that would wake those who wait for its reader.
func TestOtherFilesAreWatchedByName(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, folder string) {
		name := filepath.Join(folder, "fifo")
		must(t, unix.Mkfifo(name, 0o600))
		p := add(t, w, name)
		if _, err := os.OpenFile(name, os.O_WRONLY|unix.O_NONBLOCK, 0); !errors.Is(err, unix.ENXIO) {
			t.Errorf("opening the writing end: %v, want ENXIO", err)
		}
		must(t, os.Remove(name))
		expect(t, w, p, Deleted, Attributes)
	})
}
