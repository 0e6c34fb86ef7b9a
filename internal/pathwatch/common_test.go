//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows

package pathwatch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
	"iomux/internal/test/wine"
)

const (
	soon  = 20 * time.Second      // expected changes arrive long before
	quiet = 30 * time.Millisecond // how long a change must not arrive
)

// keepsWatchedDirectories describes Wine: it does not report that a watched directory was removed.
const keepsWatchedDirectories = "a watched directory that was removed stays until its handle is closed, without a report"

// onEach runs a test with each kernel, in a new directory.
func onEach(t *testing.T, test func(t *testing.T, w *Watcher, directory string)) {
	t.Parallel()
	for name, open := range kernels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, err := open()
			must(t, err)
			leak.Opened(k.fd())
			w := newWatcher(k)
			defer func() { must(t, w.Close()) }()
			test(t, w, wine.Folder(t))
		})
	}
}

var must = suite.Must

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

// within collects changes of p until they include want, but no longer than limit. Changes of other
// paths are lost.
func within(t *testing.T, w *Watcher, p *Path, want Change, limit time.Duration) (all Change) {
	t.Helper()
	for end := time.Now().Add(limit); want == 0 || all&want != want; {
		left := time.Until(end)
		if left <= 0 {
			break
		}
		await(w, left)
		must(t, w.Collect(func(of *Path, change Change) {
			if of == p {
				all |= change
			}
		}))
	}
	return all
}

// expect waits until p has the changes of want. Those of maybe may be missing, others are an error.
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

func appendTo(name, text string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// saveByRename writes another file and renames it to name.
func saveByRename(name, text string) error {
	temporary := name + ".tmp"
	if err := os.WriteFile(temporary, []byte(text), 0o600); err != nil {
		return err
	}
	return persist(func() error { return os.Rename(temporary, name) })
}

// persist retries on Windows, where other programs may have the file or directory open for a
// moment.
func persist(try func() error) error {
	for end := time.Now().Add(soon); ; time.Sleep(time.Millisecond) {
		err := try()
		if err == nil || runtime.GOOS != "windows" || time.Now().After(end) {
			return err
		}
	}
}

func TestNameMayBeginBeforeItsDirectories(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "a", "b", "file")
		p := add(t, w, name)
		must(t, os.MkdirAll(filepath.Dir(name), 0o700))
		write(t, name, "")
		expect(t, w, p, Created, 0)
		wine.Skip(t, keepsWatchedDirectories)
		must(t, persist(func() error { return os.RemoveAll(filepath.Join(directory, "a")) }))
		expect(t, w, p, Deleted, Linked|Attributes)
		must(t, os.MkdirAll(filepath.Dir(name), 0o700))
		expect(t, w, p, 0, 0)
		write(t, name, "")
		expect(t, w, p, Created, 0)
	})
}

func TestSharedFiles(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "file")
		write(t, name, "")
		first, second, parent := add(t, w, name), add(t, w, name), add(t, w, directory)
		must(t, appendTo(name, "more"))
		seen := make(map[*Path]Change)
		for end := time.Now().Add(soon); len(seen) < 2 && time.Now().Before(end); time.Sleep(time.Millisecond) {
			must(t, w.Collect(func(p *Path, change Change) { seen[p] |= change }))
		}
		if seen[first]&Modified == 0 || seen[second]&Modified == 0 || seen[parent] != 0 {
			t.Errorf("seen are %v", seen)
		}
		w.Remove(first)
		w.Remove(first) // no effect
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
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "file")
		write(t, name, "")
		p := add(t, w, name)
		must(t, appendTo(name, "more"))
		w.Remove(p)
		expect(t, w, p, 0, 0)
	})
}

func TestWatchesEndWithTheirNames(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "a", "file")
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
		if n := w.kernel.(interface{ count() int }).count(); n != 0 {
			t.Errorf("%d files are still watched", n)
		}
	})
}

// After forty saves at any interval, the last one is reported.
func TestNeverDeaf(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		for _, interval := range []time.Duration{0, 50 * time.Microsecond, time.Millisecond, 5 * time.Millisecond} {
			name := filepath.Join(directory, "file"+interval.String())
			p := add(t, w, name)
			done := make(chan struct{})
			go func() {
				defer close(done)
				for i := range 40 {
					if err := saveByRename(name, strconv.Itoa(i)); err != nil {
						t.Error(err)
					}
					time.Sleep(interval)
				}
			}()
			lastSeen(t, w, p, name, "39")
			<-done
			must(t, appendTo(name, "end"))
			lastSeen(t, w, p, name, "39end")
		}
	})
}

// lastSeen reads the file after each report until it has the text.
func lastSeen(t *testing.T, w *Watcher, p *Path, name, text string) {
	t.Helper()
	var seen []byte
	for end := time.Now().Add(soon); time.Now().Before(end); {
		if within(t, w, p, 0, 5*time.Millisecond) == 0 {
			continue
		}
		seen, _ = os.ReadFile(name) // on Windows it may be locked, but is reported again
		if string(seen) == text {
			return
		}
	}
	if lostByWine(t, name) {
		return
	}
	t.Errorf("the last text read is %q, want %q", seen, text)
}

// lostByWine reports whether Wine removed the file that was saved last. Wine removes a file when
// its last handle is closed, even if the file was opened again and written in the meantime.
func lostByWine(t *testing.T, name string) bool {
	t.Helper()
	if _, err := os.Lstat(name); !wine.Running() || !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	t.Log("Wine removed the saved file")
	return true
}

func TestChangesOfFile(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "file")
		write(t, name, "one")
		p := add(t, w, name)
		times := Attributes
		if runtime.GOOS == "windows" { // where writing is seen by the time
			times = Modified
		}
		nothing := Change(0)
		// These systems remove one of the links.
		if runtime.GOOS == "dragonfly" || runtime.GOOS == "netbsd" {
			nothing = Linked | Attributes
		}
		for _, line := range []struct {
			what        string
			do          func() error
			want, maybe Change
		}{
			{"append", func() error { return appendTo(name, "more") }, Modified | Extended, 0},
			{"overwrite", func() error { return overwrite(name) }, Modified, 0},
			{"truncate", func() error { return os.Truncate(name, 1) }, Modified, Attributes},
			{"permissions", func() error { return os.Chmod(name, 0o400) }, Attributes, 0},
			{"permissions again", func() error { return os.Chmod(name, 0o600) }, Attributes, 0},
			{"times", func() error { return os.Chtimes(name, time.Unix(1, 0), time.Unix(1, 0)) }, times, 0},
			{"link", func() error { return os.Link(name, name+"2") }, Linked, Attributes},
			{"rename", func() error { return os.Rename(name, name+"3") }, Renamed, 0},
			{"create", func() error { return os.WriteFile(name, nil, 0o600) }, Created, 0},
			{"remove", func() error { return os.Remove(name) }, Deleted, Attributes | Linked},
			{"link in", func() error { return os.Link(name+"2", name) }, Created, Linked | Attributes},
			{"rename of one link over the other", func() error { return os.Rename(name+"2", name) }, 0, nothing},
			{"save by rename", func() error { return saveByRename(name, "new") }, Created, Deleted | Linked},
		} {
			if runtime.GOOS == "windows" && strings.Contains(line.what, "link") {
				continue
			}
			must(t, line.do())
			p.Owner = line.what
			expect(t, w, p, line.want, line.maybe)
		}
	})
}

func overwrite(name string) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString("O")
	return errors.Join(err, file.Close())
}
