//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows

package pathwatch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"iomux/internal/test/wine"
)

func TestChangesOfDirectory(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "sub")
		must(t, os.Mkdir(name, 0o700))
		p := add(t, w, name+"/")
		entry := filepath.Join(name, "entry")
		write(t, entry, "one")
		expect(t, w, p, Modified, 0)
		write(t, entry, "two") // changes the file, not the directory
		expect(t, w, p, 0, 0)
		must(t, os.Rename(entry, entry+"2"))
		expect(t, w, p, Modified, 0)
		must(t, os.Remove(entry+"2"))
		expect(t, w, p, Modified, 0)
		wine.Skip(t, keepsWatchedDirectories)
		must(t, os.Remove(name))
		expect(t, w, p, Deleted, Linked|Attributes)
		must(t, os.Mkdir(name, 0o700))
		expect(t, w, p, Created, 0)
	})
}

func TestReplacedFolderAbove(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "a", "b", "file")
		for _, top := range []string{"a", "new"} {
			must(t, os.MkdirAll(filepath.Join(directory, top, "b"), 0o700))
			write(t, filepath.Join(directory, top, "b", "file"), top)
		}
		p := add(t, w, name)
		must(t, os.Rename(filepath.Join(directory, "a"), filepath.Join(directory, "old")))
		expect(t, w, p, Deleted, 0)
		must(t, os.Rename(filepath.Join(directory, "new"), filepath.Join(directory, "a")))
		expect(t, w, p, Created, 0)
		write(t, filepath.Join(directory, "old", "b", "file"), "not any more")
		expect(t, w, p, 0, 0)
		must(t, appendTo(name, "more"))
		expect(t, w, p, Modified|Extended, 0)
	})
}

// linksMissing returns the reason why this process cannot create symbolic links, or nil.
func linksMissing(directory string) error {
	link := filepath.Join(directory, "probe")
	if err := os.Symlink("target", link); err != nil {
		return err // Windows requires a privilege or the developer mode
	}
	if _, err := os.Lstat(link); err != nil {
		return fmt.Errorf("the call succeeds, but makes no link: %w", err) // Wine 8
	}
	return os.Remove(link)
}

// needLinks skips a test of symbolic links if this process cannot create any.
func needLinks(t *testing.T, directory string) {
	t.Helper()
	if err := linksMissing(directory); err != nil && runtime.GOOS == "windows" {
		t.Skip("symbolic links:", err)
	} else if err != nil {
		t.Fatal(err)
	}
}

// swapLink replaces a symbolic link atomically, except on Windows, which cannot rename over a link
// to a directory.
func swapLink(link, target string) error {
	temporary := link + ".tmp"
	if runtime.GOOS == "windows" {
		_ = os.Remove(link) // there may be none
	}
	return errors.Join(os.Symlink(target, temporary), os.Rename(temporary, link))
}

func TestSwappedLinks(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		needLinks(t, directory)
		at := func(name string) string { return filepath.Join(directory, name) }
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
		must(t, swapLink(at("link"), "link")) // a loop
		expect(t, w, p, 0, 0)
		must(t, swapLink(at("link"), "sub/a"))
		expect(t, w, p, Created, 0)
	})
}

// A configuration volume of Kubernetes: the files are links into ..data, which is a link to the
// directory of the version.
func TestConfigurationVolume(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		needLinks(t, directory)
		at := func(name string) string { return filepath.Join(directory, name) }
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

// Some file systems give a new file the number of a removed one. An implementation that does not
// hold files open must distinguish them.
func TestNewFileWithReusedNumber(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		at := func(name string) string { return filepath.Join(directory, name) }
		must(t, errors.Join(os.Mkdir(at("a"), 0o700), os.Mkdir(at("b"), 0o700)))
		write(t, at("a/file"), "old")
		p := add(t, w, at("a/file"))
		must(t, os.Remove(at("a/file")))
		write(t, at("b/file"), "new")
		must(t, persist(func() error { return os.Rename(at("a"), at("old")) }))
		must(t, persist(func() error { return os.Rename(at("b"), at("a")) }))
		expect(t, w, p, Created, Deleted|Linked|Attributes)
	})
}

// Editors save in different ways. A program that reads the file after each change finds the new
// text in the end.
func TestSavesOfEditors(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "file")
		backup := name + "~"
		p := add(t, w, name)
		rewrite := func(text string) error { return os.WriteFile(name, []byte(text), 0o600) }
		rename := func() error { return persist(func() error { return os.Rename(name, backup) }) }
		for what, save := range map[string]func(text string) error{
			"vim with backupcopy=no":  func(text string) error { return errors.Join(rename(), rewrite(text), os.Remove(backup)) },
			"vim with backupcopy=yes": func(text string) error { return errors.Join(os.WriteFile(backup, nil, 0o600), rewrite(text)) },
			"emacs": func(text string) error {
				return errors.Join(rename(), rewrite(""), appendTo(name, text[:1]), appendTo(name, text[1:]))
			},
			"a temporary file": func(text string) error { return saveByRename(name, text) },
			"removal before": func(text string) error {
				return errors.Join(persist(func() error { return os.Remove(name) }), rewrite(text))
			},
			"a backup, after 5ms": func(text string) error {
				err := rename()
				time.Sleep(5 * time.Millisecond)
				return errors.Join(err, rewrite(text))
			},
		} {
			must(t, rewrite("before"))
			within(t, w, p, 0, quiet)
			done := make(chan error, 1)
			go func() { done <- save(what) }()
			lastSeen(t, w, p, name, what)
			if err := <-done; err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// A look-up of another path must not hide earlier changes of the file.
func TestChangeIsKeptWhenFileIsAddedAgain(t *testing.T) {
	onEach(t, func(t *testing.T, w *Watcher, directory string) {
		name := filepath.Join(directory, "file")
		write(t, name, "")
		p := add(t, w, name)
		must(t, appendTo(name, "more"))
		add(t, w, name)
		expect(t, w, p, Modified|Extended, 0)
		must(t, os.Chmod(name, 0o400))
		add(t, w, name)
		expect(t, w, p, Attributes, 0)
		must(t, os.Chmod(name, 0o600))
	})
}
