//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows

package pathwatch

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"iomux/internal/test/wine"
)

// random changes the target of the name directory/link/a/file, in which link leads to v1 or v2. If
// there are no symbolic links, link is a directory that changes places with v1 or v2.
type random struct {
	*rand.Rand
	directory string
	noLinks   bool
	saves     int
}

func (r *random) at(name string) string { return filepath.Join(r.directory, name) }

func (r *random) name() string { return r.at("link/a/file") }

// version returns one of the directories to which the link may lead.
func (r *random) version() string { return [...]string{"v1", "v2"}[r.IntN(2)] }

// swap makes the link lead to a version.
func (r *random) swap(version string) error {
	if !r.noLinks {
		return swapLink(r.at("link"), version)
	}
	_ = os.Rename(r.at("link"), r.at("link.tmp")) // fails if it does not exist
	_ = os.Rename(r.at(version), r.at("link"))    // likewise
	return os.Rename(r.at("link.tmp"), r.at(version))
}

// text returns a text that no file contained before. Longer and shorter texts alternate.
func (r *random) text() string {
	r.saves++
	return fmt.Sprintf("%0*d", 1+r.IntN(30), r.saves)
}

// change makes one random change. It may fail if an earlier change has removed a file.
func (r *random) change() {
	file := r.at(r.version() + "/a/file")
	if r.noLinks && r.IntN(2) == 0 {
		file = r.name()
	}
	switch r.IntN(11) {
	case 0:
		_ = os.WriteFile(file, []byte(r.text()), 0o600)
	case 1:
		_ = appendTo(file, r.text())
	case 2:
		_ = os.Truncate(file, 0)
	case 3, 4:
		_ = saveByRename(file, r.text())
	case 5:
		_ = os.Remove(file)
	case 6:
		_ = r.swap(r.version())
	case 7: // a directory is replaced by another
		_ = os.Mkdir(r.at("new"), 0o700)
		_ = os.WriteFile(r.at("new/file"), []byte(r.text()), 0o600)
		_ = os.Rename(filepath.Dir(file), r.at("old"))
		_ = os.Rename(r.at("new"), filepath.Dir(file))
		_ = wine.RemoveAll(r.at("old"))
	case 8:
		if !wine.Running() { // see keepsWatchedDirectories
			_ = os.RemoveAll(r.at(r.version()))
		}
	case 9:
		_ = os.MkdirAll(filepath.Dir(file), 0o700)
	case 10:
		if r.noLinks {
			_ = os.Rename(r.at("link"), r.at(r.version()))
		} else {
			_ = os.Remove(r.at("link"))
		}
	}
}

// save makes the path name a file with a new text.
func (r *random) save() (text string, err error) {
	target := r.version()
	swap := func() error { return swapLink(r.at("link"), target) }
	if r.noLinks {
		target = "link"
		swap = func() error { return nil }
	}
	text = r.text()
	file := r.at(target + "/a/file")
	steps := []func() error{
		func() error { return os.MkdirAll(filepath.Dir(file), 0o700) },
		swap,
	}
	if r.IntN(2) == 0 {
		steps[0], steps[1] = steps[1], steps[0]
	}
	if r.IntN(2) == 0 {
		return text, errors.Join(steps[0](), steps[1](), persist(func() error { return os.WriteFile(file, []byte(text), 0o600) }))
	}
	return text, errors.Join(steps[0](), steps[1](), saveByRename(file, text))
}

// pause sleeps for a random time, which is usually zero.
func (r *random) pause() {
	longest := 2 * time.Millisecond
	if wine.Running() { // a look-up takes this long there
		longest *= 20
	}
	switch r.IntN(4) {
	case 0:
		time.Sleep(time.Duration(r.Int64N(int64(longest))))
	case 1:
		for end := time.Now().Add(time.Duration(r.IntN(100)) * time.Microsecond); time.Now().Before(end); {
			runtime.Gosched()
		}
	}
}

// A program that reads the file after each change finds the last text in the end, after any earlier
// changes.
func TestLastSaveIsSeenAfterRandomChanges(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		sequences, err := strconv.Atoi(os.Getenv("IOMUX_PATH_SEQUENCES"))
		if err != nil {
			sequences = 60
			if wine.Running() { // each change takes six times as long there
				sequences = 15
			}
		}
		missing := linksMissing(directory)
		if runtime.GOOS == "windows" && missing != nil {
			t.Log("directories are swapped, not symbolic links:", missing)
		} else {
			must(t, missing)
		}
		changes, reads := 0, 0
		for seed := range sequences {
			r := &random{Rand: rand.New(rand.NewPCG(uint64(seed), 1)), directory: filepath.Join(directory, strconv.Itoa(seed)), noLinks: missing != nil}
			must(t, os.Mkdir(r.directory, 0o700))
			if seed%2 == 0 { // the path names a file from the start
				_, err := r.save()
				must(t, err)
			}
			p := add(t, w, r.name())
			n := 5 + r.IntN(40)
			reads += follow(t, w, r, n)
			changes += n
			w.Remove(p)
			must(t, persist(func() error { return wine.RemoveAll(r.directory) }))
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		t.Logf("%d sequences of %d random changes, %d reports", sequences, changes, reads)
	})
}

// follow reads the file at each report while n random changes are made, until the last save is
// seen.
func follow(t *testing.T, w *Watcher, r *random, n int) (reports int) {
	t.Helper()
	var last atomic.Value
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range n {
			r.change()
			r.pause()
		}
		text, err := r.save()
		if err != nil {
			t.Error(err)
		}
		last.Store(text)
	}()
	defer func() { <-done }()
	seen := ""
	for end := time.Now().Add(soon); time.Now().Before(end); {
		await(w, time.Millisecond)
		must(t, w.Collect(func(*Path, Change) {
			reports++
			text, _ := os.ReadFile(r.name()) // fails if it was removed again
			seen = string(text)
		}))
		if want, ok := last.Load().(string); ok && seen == want {
			return reports
		}
	}
	if lostByWine(t, r.name()) {
		return reports
	}
	t.Errorf("the last save %v was not reported; the text was %q after the last report", last.Load(), seen)
	return reports
}
