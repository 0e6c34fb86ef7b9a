//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows

package iomux_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
	"iomux/internal/test/wine"
)

// change waits for an event of r.
func change(t testing.TB, p *iomux.Poller[int], r *iomux.Registration[int]) iomux.Change {
	t.Helper()
	event := next(t, p, iomux.KindPath, r.Key())
	if event.Registration != r || event.Change() == 0 {
		t.Fatalf("event is %+v", event)
	}
	return event.Change()
}

func watch(t testing.TB, p *iomux.Poller[int], name string, key int) *iomux.Registration[int] {
	t.Helper()
	needsPaths(t)
	r, err := p.RegisterPath(name, key)
	must(t, err)
	return r
}

func save(t testing.TB, name, text string) {
	t.Helper()
	must(t, os.WriteFile(name+".tmp", []byte(text), 0o600))
	// Windows refuses if somebody reads the file.
	for end := time.Now().Add(soon); ; time.Sleep(time.Millisecond) {
		err := os.Rename(name+".tmp", name)
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

func TestPath(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		folder := wine.Folder(t)
		name := filepath.Join(folder, "file")
		r := watch(t, p, name, 3)
		expectNothing(t, p)
		must(t, os.WriteFile(name, []byte("one"), 0o600))
		if got := change(t, p, r); got&iomux.Created == 0 {
			t.Errorf("after the first save: %v", got)
		}
		must(t, os.WriteFile(name, []byte("three"), 0o600))
		if got := change(t, p, r); got&(iomux.Modified|iomux.Created) != iomux.Modified {
			t.Errorf("after the second save: %v", got)
		}
		save(t, name, "four")
		if got := change(t, p, r); got&iomux.Created == 0 {
			t.Errorf("after a save by rename: %v", got)
		}
		must(t, os.Remove(name))
		if got := change(t, p, r); got&iomux.Deleted == 0 {
			t.Errorf("after removal: %v", got)
		}
		isErr(t, r.Modify(iomux.Readable), errors.ErrUnsupported)
		isErr(t, r.Reset(time.Second), errors.ErrUnsupported)
		must(t, r.Unregister())
		must(t, os.WriteFile(name, nil, 0o600))
		expectNothing(t, p)
		if p.Len() != 0 {
			t.Errorf("Len is %d", p.Len())
		}
	})
}

// Changes within ten milliseconds are combined into one event, even if a goroutine is waiting.
func TestBurstIsOneEvent(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		name := filepath.Join(wine.Folder(t), "file")
		r := watch(t, p, name, 3)
		start := time.Now()
		var took time.Duration
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 40 {
				save(t, name, fmt.Sprint(i))
				time.Sleep(time.Millisecond)
			}
			took = time.Since(start)
		}()
		events, timeout := 0, soon
		for n := 1; n > 0; events += n {
			var room [4]iomux.Event[int]
			var err error
			n, err = p.WaitTimeout(room[:], timeout)
			must(t, err)
			timeout = 10 * quiet
		}
		<-done
		if most := 2 + int(took/(10*time.Millisecond)); events < 1 || events > most {
			t.Errorf("%d events of 40 saves in %v, want at most %d", events, took, most)
		}
		must(t, r.Unregister())
	})
}

// A program that reads the file after each event finds the text of the last save.
func TestLastSaveIsSeen(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		name := filepath.Join(wine.Folder(t), "file")
		watch(t, p, name, 3)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 40 {
				save(t, name, fmt.Sprint(i))
				time.Sleep(time.Duration(i%4) * time.Millisecond)
			}
		}()
		for text := ""; text != "39"; {
			next(t, p, iomux.KindPath, 3)
			read, err := os.ReadFile(name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
				t.Log(err)
			}
			text = string(read)
		}
		<-done
	})
}

func TestPathsBesideOtherSources(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		folder := wine.Folder(t)
		fd, w := suite.Pipe(t)
		register(t, p, fd, iomux.Readable|iomux.OneShot)
		_, err := p.RegisterTimer(time.Millisecond, -2)
		must(t, err)
		for i := range 3 {
			watch(t, p, filepath.Join(folder, fmt.Sprint(i)), -3-i)
		}
		if p.Len() != 5 {
			t.Errorf("Len is %d", p.Len())
		}
		suite.Write(t, w)
		for i := range 3 {
			must(t, os.WriteFile(filepath.Join(folder, fmt.Sprint(i)), nil, 0o600))
		}
		kinds := make(map[iomux.Kind]int)
		for seen := make(map[int]bool); len(seen) < 5; {
			var events [2]iomux.Event[int]
			n, err := p.WaitTimeout(events[:], soon)
			must(t, err)
			if n == 0 {
				t.Fatalf("only these kinds were reported: %v", kinds)
			}
			for _, event := range events[:n] {
				if !seen[event.Key] {
					seen[event.Key] = true
					kinds[event.Kind]++
				}
			}
		}
		if kinds[iomux.KindPath] != 3 || kinds[iomux.KindTimer] != 1 || kinds[iomux.KindIO] != 1 {
			t.Errorf("these kinds were reported: %v", kinds)
		}
	})
}

// A change wakes a sleeping goroutine.
func TestPathWakesTheSleeper(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		name := filepath.Join(wine.Folder(t), "file")
		r := watch(t, p, name, 3)
		time.AfterFunc(quiet, func() { _ = os.WriteFile(name, nil, 0o600) })
		start := time.Now()
		if got := change(t, p, r); got&iomux.Created == 0 || time.Since(start) > soon/2 {
			t.Errorf("the change is %v after %v", got, time.Since(start))
		}
	})
}

func TestPathErrors(t *testing.T) {
	needsPaths(t)
	p := poller(t, nil)
	_, err := p.RegisterPath("", 0)
	isErr(t, err, fs.ErrNotExist)
	if text := fmt.Sprint(err); !strings.Contains(text, `register path: watch "": the name is empty`) {
		t.Errorf("the error is %q", text)
	}
	_, err = p.RegisterPath("a\x00b", 0)
	isErr(t, err, syscall.EINVAL)
	if text := fmt.Sprint(err); strings.Contains(text, "\x00") {
		t.Errorf("the error is %q, with a zero byte", text)
	}
	watch(t, p, "file", 0)
	must(t, p.Close())
	_, err = p.RegisterPath("file", 0)
	isErr(t, err, os.ErrClosed)
}

// The descriptor of a file reports its edge once, although the file grows. Its path reports that.
func TestGrowthIsReportedOfThePath(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		if !p.Supports(iomux.Edge) {
			t.Skip("this mechanism has no Edge")
		}
		folder := t.TempDir()
		for i := range 3 {
			name := filepath.Join(folder, fmt.Sprint(i))
			file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
			must(t, err)
			t.Cleanup(func() { _ = file.Close() })
			descriptor, err := p.Register(file, iomux.Readable|iomux.Edge, 10+i)
			must(t, err)
			expect(t, p, descriptor, iomux.Readable)
			path := watch(t, p, name, i)
			for range 2 {
				_, err = file.WriteString("a line\n")
				must(t, err)
				if got := change(t, p, path); got&iomux.Modified == 0 {
					t.Errorf("the change is %v, want Modified", got)
				}
				expectNothing(t, p)
			}
		}
	})
}
