//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package pathwatch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		if _, err := w.Add("", nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("error is %v", err)
		}
		if _, err := w.Add("a\x00b", nil); !errors.Is(err, unix.EINVAL) {
			t.Errorf("error is %v", err)
		}
		if _, err := w.Add(filepath.Join(directory, strings.Repeat("x", 300)), nil); !errors.Is(err, unix.ENAMETOOLONG) {
			t.Errorf("error is %v", err)
		}
		write(t, filepath.Join(directory, "file"), "")
		p := add(t, w, filepath.Join(directory, "file", "below")) // file is not a directory
		must(t, os.Remove(filepath.Join(directory, "file")))
		must(t, os.Mkdir(filepath.Join(directory, "file"), 0o700))
		write(t, filepath.Join(directory, "file", "below"), "")
		expect(t, w, p, Created, 0)
	})
}

// A FIFO is not opened, because that would wake its writers.
func TestOtherFilesAreWatchedByName(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "fifo")
		must(t, unix.Mkfifo(name, 0o600))
		p := add(t, w, name)
		if _, err := os.OpenFile(name, os.O_WRONLY|unix.O_NONBLOCK, 0); !errors.Is(err, unix.ENXIO) {
			t.Errorf("opening the writing end: %v, want ENXIO", err)
		}
		must(t, os.Remove(name))
		expect(t, w, p, Deleted, Attributes)
	})
}

// Another file with the number of a removed one is a new file.
func TestRecreatedSpecialFile(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "fifo")
		must(t, unix.Mkfifo(name, 0o600))
		var stat unix.Stat_t
		must(t, unix.Lstat(name, &stat))
		if _, fraction := stat.Ctim.Unix(); fraction == 0 { // qemu-user for s390x omits it
			t.Skip("this system reports the times of files in seconds")
		}
		p := add(t, w, name)
		for range 5 {
			must(t, os.Remove(name))
			time.Sleep(20 * time.Millisecond) // at least one clock tick of DragonFly
			must(t, unix.Mkfifo(name, 0o600))
			expect(t, w, p, Created, Deleted|Attributes)
		}
	})
}

func TestTrailingSlash(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name, link := filepath.Join(directory, "name"), filepath.Join(directory, "link")
		write(t, name, "")
		must(t, os.Symlink("name/", link))
		p, through, plain := add(t, w, name+"/"), add(t, w, link), add(t, w, name)
		must(t, appendTo(name, "more"))
		expect(t, w, p, 0, 0) // the path names only a directory
		must(t, appendTo(name, "more"))
		expect(t, w, through, 0, 0)
		must(t, appendTo(name, "more"))
		expect(t, w, plain, Modified|Extended, 0)
		must(t, os.Remove(name))
		must(t, os.Mkdir(name, 0o700))
		expect(t, w, p, Created, 0)
		write(t, filepath.Join(name, "entry"), "")
		expect(t, w, through, Modified, 0)
	})
}

func TestFileWithSeveralLinks(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		at := func(name string) string { return filepath.Join(directory, name) }
		write(t, at("a"), "")
		must(t, os.Link(at("a"), at("b")))
		a := add(t, w, at("a"))
		b := add(t, w, at("b"))
		must(t, os.Link(at("a"), at("c")))
		expect(t, w, a, Linked, Attributes)
		must(t, appendTo(at("c"), "more"))
		expect(t, w, b, Modified|Extended, 0)
		must(t, os.Remove(at("b")))
		expect(t, w, a, Linked, Attributes) // and not Deleted
		must(t, os.Remove(at("c")))
		expect(t, w, a, Linked, Attributes)
		must(t, os.Link(at("a"), at("b")))
		within(t, w, b, Created, soon)
		must(t, os.Remove(at("b")))
		expect(t, w, b, Deleted, Linked|Attributes)
	})
}

// A file that still exists without a name no longer belongs to the path.
func TestRemovedFileThatIsOpen(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "file")
		file, err := os.Create(name)
		must(t, err)
		defer func() { must(t, file.Close()) }()
		p := add(t, w, name)
		for _, want := range []Change{Deleted, Created} {
			if want == Deleted {
				must(t, os.Remove(name))
			} else {
				write(t, name, "")
			}
			expect(t, w, p, want, Linked|Attributes)
			_, err = file.WriteString("more")
			must(t, err)
			expect(t, w, p, 0, 0)
		}
	})
}
