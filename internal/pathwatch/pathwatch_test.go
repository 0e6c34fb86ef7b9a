//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pathwatch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestChangesOfFolder(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, folder string) {
		name := filepath.Join(folder, "sub")
		must(t, os.Mkdir(name, 0o700))
		p := add(t, w, name+"/")
		entry := filepath.Join(name, "entry")
		write(t, entry, "one")
		expect(t, w, p, Modified, 0)
		write(t, entry, "two") // which changes the file, not the folder
		expect(t, w, p, 0, 0)
		must(t, os.Rename(entry, entry+"2"))
		expect(t, w, p, Modified, 0)
		must(t, os.Remove(entry+"2"))
		expect(t, w, p, Modified, 0)
		must(t, os.Remove(name))
		expect(t, w, p, Deleted, Linked|Attributes)
		must(t, os.Mkdir(name, 0o700))
		expect(t, w, p, Created, 0)
	})
}

func TestReplacedFolderAbove(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, folder string) {
		name := filepath.Join(folder, "a", "b", "file")
		for _, top := range []string{"a", "new"} {
			must(t, os.MkdirAll(filepath.Join(folder, top, "b"), 0o700))
			write(t, filepath.Join(folder, top, "b", "file"), top)
		}
		p := add(t, w, name)
		must(t, os.Rename(filepath.Join(folder, "a"), filepath.Join(folder, "old")))
		expect(t, w, p, Deleted, 0)
		must(t, os.Rename(filepath.Join(folder, "new"), filepath.Join(folder, "a")))
		expect(t, w, p, Created, 0)
		write(t, filepath.Join(folder, "old", "b", "file"), "not any more")
		expect(t, w, p, 0, 0)
		must(t, appendTo(name, "more"))
		expect(t, w, p, Modified|Extended, 0)
	})
}

// swapLink replaces a symbolic link at once, as a program does that must not leave a gap.
func swapLink(link, target string) error {
	temporary := link + ".tmp"
	return errors.Join(os.Symlink(target, temporary), os.Rename(temporary, link))
}

func TestSwappedLinks(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, folder string) {
		at := func(name string) string { return filepath.Join(folder, name) }
		must(t, os.Mkdir(at("sub"), 0o700))
		write(t, at("sub/a"), "a")
		write(t, at("b"), "b")
		must(t, os.Symlink("sub/../sub/./a", at("second")))
		must(t, os.Symlink(at("second"), at("link")))
		p := add(t, w, at("link"))
		must(t, appendTo(at("sub/a"), "more"))
		expect(t, w, p, Modified|Extended, 0)
		must(t, swapLink(at("second"), "b"))
		expect(t, w, p, Created, 0)
		must(t, appendTo(at("sub/a"), "more"))
		expect(t, w, p, 0, 0)
		must(t, appendTo(at("b"), "more"))
		expect(t, w, p, Modified|Extended, 0)
		must(t, swapLink(at("link"), "nowhere"))
		expect(t, w, p, Deleted, 0)
		must(t, swapLink(at("link"), "link")) // a circle
		expect(t, w, p, 0, 0)
		must(t, swapLink(at("link"), "sub/a"))
		expect(t, w, p, Created, 0)
	})
}

// A configuration volume of Kubernetes: the files are links into ..data, which is a link to the
// folder of the version.
func TestConfigurationVolume(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, folder string) {
		at := func(name string) string { return filepath.Join(folder, name) }
		publish := func(version string) {
			must(t, os.Mkdir(at(version), 0o700))
			write(t, at(version+"/config"), version)
			must(t, swapLink(at("..data"), version))
		}
		publish("..v1")
		must(t, os.Symlink("..data/config", at("config")))
		p := add(t, w, at("config"))
		for i := 2; i < 6; i++ {
			publish(fmt.Sprintf("..v%d", i))
			must(t, os.RemoveAll(at(fmt.Sprintf("..v%d", i-1))))
			expect(t, w, p, Created, Deleted|Linked|Attributes)
		}
	})
}

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
