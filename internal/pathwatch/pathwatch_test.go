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
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/test/leak"
)

const (
	soon  = 20 * time.Second      // by then whatever is to happen has
	quiet = 30 * time.Millisecond // for so long nothing happens
)

// onEach runs a test with each kernel, in a folder of its own.
func onEach(t *testing.T, test func(t *testing.T, w *Watcher, folder string)) {
	t.Parallel()
	for name, make := range kernels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, err := make()
			must(t, err)
			leak.Opened(k.fd())
			w := newWatcher(k)
			defer func() { must(t, w.Close()) }()
			test(t, w, t.TempDir())
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, w *Watcher, name string) *Path {
	t.Helper()
	p, err := w.Add(name, name)
	must(t, err)
	return p
}

func write(t *testing.T, name, text string) {
	t.Helper()
	must(t, os.WriteFile(name, []byte(text), 0o600))
}

// within collects changes of p for that long at most, until they include want. Changes of other
// paths are lost.
func within(t *testing.T, w *Watcher, p *Path, want Change, limit time.Duration) (all Change) {
	t.Helper()
	for end := time.Now().Add(limit); want == 0 || all&want != want; {
		left := time.Until(end)
		if left <= 0 {
			break
		}
		fds := []unix.PollFd{{Fd: int32(w.FD()), Events: unix.POLLIN}}
		_, _ = unix.Poll(fds, int(left/time.Millisecond)+1) // an interruption is a look at the clock
		must(t, w.Collect(func(of *Path, change Change) {
			if of == p {
				all |= change
			}
		}))
	}
	return all
}

// expect waits until p has changed as want says, and for nothing else.
func expect(t *testing.T, w *Watcher, p *Path, want, maybe Change) {
	t.Helper()
	var got Change
	if want != 0 {
		got = within(t, w, p, want, soon)
	}
	got |= within(t, w, p, 0, quiet)
	if got&want != want || got&^(want|maybe) != 0 {
		t.Errorf("%v has changed: %#x, want %#x, and maybe %#x", p.Owner, got, want, maybe)
	}
}

func TestChangesOfFile(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, folder string) {
		name := filepath.Join(folder, "file")
		write(t, name, "one")
		p := add(t, w, name)
		for _, line := range []struct {
			what        string
			do          func() error
			want, maybe Change
		}{
			{"append", func() error { return appendTo(name, "more") }, Modified | Extended, 0},
			{"overwrite", func() error { return overwrite(name) }, Modified, 0},
			{"truncate", func() error { return os.Truncate(name, 1) }, Modified, Attributes},
			{"permissions", func() error { return os.Chmod(name, 0o644) }, Attributes, 0},
			{"times", func() error { return os.Chtimes(name, time.Unix(1, 0), time.Unix(1, 0)) }, Attributes, 0},
			{"link", func() error { return os.Link(name, name+"2") }, Linked, Attributes},
			{"rename", func() error { return os.Rename(name, name+"3") }, Renamed, 0},
			{"create", func() error { return os.WriteFile(name, nil, 0o600) }, Created, 0},
			{"remove", func() error { return os.Remove(name) }, Deleted, Attributes | Linked},
			{"link in", func() error { return os.Link(name+"2", name) }, Created, Linked | Attributes},
			{"rename to itself", func() error { return os.Rename(name+"2", name) }, 0, 0},
			{"save by rename", func() error { return saveByRename(name, "new") }, Created, Deleted | Linked},
		} {
			must(t, line.do())
			p.Owner = line.what
			expect(t, w, p, line.want, line.maybe)
		}
	})
}

func appendTo(name, text string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

func overwrite(name string) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString("O")
	return errors.Join(err, file.Close())
}

func saveByRename(name, text string) error {
	temporary := name + ".tmp"
	return errors.Join(os.WriteFile(temporary, []byte(text), 0o600), os.Rename(temporary, name))
}

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

func TestNameMayBeginBeforeItsFolders(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, folder string) {
		name := filepath.Join(folder, "a", "b", "file")
		p := add(t, w, name)
		must(t, os.MkdirAll(filepath.Dir(name), 0o700))
		write(t, name, "")
		expect(t, w, p, Created, 0)
		must(t, os.RemoveAll(filepath.Join(folder, "a")))
		expect(t, w, p, Deleted, Linked|Attributes)
		must(t, os.MkdirAll(filepath.Dir(name), 0o700))
		expect(t, w, p, 0, 0)
		write(t, name, "")
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

func TestSharedFiles(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, folder string) {
		name := filepath.Join(folder, "file")
		write(t, name, "")
		first, second, parent := add(t, w, name), add(t, w, name), add(t, w, folder)
		must(t, appendTo(name, "more"))
		seen := make(map[*Path]Change)
		for end := time.Now().Add(soon); len(seen) < 2 && time.Now().Before(end); time.Sleep(time.Millisecond) {
			must(t, w.Collect(func(p *Path, change Change) { seen[p] |= change }))
		}
		if seen[first]&Modified == 0 || seen[second]&Modified == 0 || seen[parent] != 0 {
			t.Errorf("seen are %v", seen)
		}
		w.Remove(first)
		w.Remove(first) // does nothing
		must(t, appendTo(name, "more"))
		expect(t, w, second, Modified|Extended, 0)
		w.Remove(second)
		must(t, os.Remove(name))
		expect(t, w, parent, Modified, 0)
		if w.Len() != 1 {
			t.Errorf("length is %d", w.Len())
		}
	})
}

func TestRemoveForgetsChanges(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, folder string) {
		name := filepath.Join(folder, "file")
		write(t, name, "")
		p := add(t, w, name)
		must(t, appendTo(name, "more"))
		w.Remove(p)
		expect(t, w, p, 0, 0)
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

func TestWatchesEndWithTheirNames(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, folder string) {
		name := filepath.Join(folder, "a", "file")
		must(t, os.Mkdir(filepath.Dir(name), 0o700))
		write(t, name, "")
		var paths []*Path
		for range 20 {
			paths = append(paths, add(t, w, name), add(t, w, filepath.Dir(name)), add(t, w, name+".missing"))
		}
		for i := range 20 {
			must(t, saveByRename(name, fmt.Sprint(i)))
			must(t, w.Collect(func(*Path, Change) {}))
		}
		for _, p := range paths {
			w.Remove(p)
		}
		if n := w.nodes(); n != 0 {
			t.Errorf("%d files are still watched", n)
		}
	})
}

// nodes returns the number of files that are watched.
func (w *Watcher) nodes() int {
	switch k := w.kernel.(type) {
	case interface{ count() int }:
		return k.count()
	case *vnodes:
		return max(len(k.nodes), len(k.opened))
	}
	return -1
}
