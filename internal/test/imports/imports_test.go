// Package imports_test checks what the packages of this module import, and what the module
// requires.
package imports_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var mechanisms = []string{"devpoll", "epoll", "kqueue", "poll", "selectfd"}

// allowed lists the folders that the files of a folder may import, besides the standard library,
// golang.org/x/sys and the folder itself. A folder that is not listed has the row of "internal".
// The last element of a pattern may be *.
//
// Imports point downwards: iomux, internal/backend, the mechanisms, descriptor, internal,
// internal/sys. No mechanism imports another, with one exception: epoll is emulated with kqueue.
var allowed = map[string][]string{
	".":                  append([]string{"internal/backend", "descriptor", "internal/*"}, mechanisms...),
	"internal/backend":   append([]string{"descriptor", "internal/*"}, mechanisms...),
	"devpoll":            {"descriptor", "internal/*"},
	"epoll":              {"descriptor", "internal/*"},
	"kqueue":             {"descriptor", "internal/*"},
	"poll":               {"descriptor", "internal/*"},
	"selectfd":           {"descriptor", "internal/*"},
	"internal/epollemu":  {"kqueue", "internal/*"},
	"internal/test/leak": {"kqueue", "internal/*"},
	"descriptor":         {"internal/*"},
	"internal":           {"internal/*"},
	// These packages make no system call.
	"internal/sys": {"internal/bitnames", "internal/kevent", "internal/lazy", "internal/timeout"},
}

// upper lists the internal packages that only the packages named here may import. The other
// internal packages are below them.
var upper = map[string][]string{
	"internal/backend":  {"."},
	"internal/epollemu": {"epoll", "internal/backend"},
}

func TestImportsPointDownwards(t *testing.T) {
	t.Parallel()
	for _, file := range sources(t) {
		folder := filepath.ToSlash(filepath.Dir(file))
		for _, path := range imports(t, file) {
			if reason := refusal(folder, path, strings.HasSuffix(file, "_test.go")); reason != "" {
				t.Errorf("%s imports %s: %s", file, path, reason)
			}
		}
	}
}

// refusal returns why files of folder may not import path, or nothing if they may.
func refusal(folder, path string, test bool) string {
	imported, own := strings.CutPrefix(path+"/", "iomux/")
	imported = strings.TrimSuffix(imported, "/")
	if imported == "" {
		imported = "."
	}
	importers, restricted := upper[imported]
	switch {
	case folder == "." && !test && strings.HasPrefix(path, "golang.org/x/sys/"):
		return "only the packages below call the system"
	case !own && (path == "golang.org/x/sys" || strings.HasPrefix(path, "golang.org/x/sys/")):
		return ""
	case !own && strings.Contains(strings.Split(path, "/")[0], "."):
		return "the module requires golang.org/x/sys alone"
	case !own, imported == folder:
		return ""
	case strings.HasPrefix(imported, "internal/test/"):
		if test || strings.HasPrefix(folder, "internal/test/") {
			return ""
		}
		return "only tests may import it"
	case restricted && !slices.Contains(importers, folder):
		return "only these may import it: " + strings.Join(importers, ", ")
	case !slices.ContainsFunc(rowOf(folder), func(pattern string) bool { return matches(pattern, imported) }):
		return folder + " may import " + strings.Join(rowOf(folder), ", ")
	}
	return ""
}

func rowOf(folder string) []string {
	if row, ok := allowed[folder]; ok {
		return row
	}
	return allowed["internal"]
}

func matches(pattern, folder string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(folder, prefix)
	}
	return pattern == folder
}

// TestEveryFolderHasARow makes a new folder outside internal state what it may import.
func TestEveryFolderHasARow(t *testing.T) {
	t.Parallel()
	for _, file := range sources(t) {
		folder := filepath.ToSlash(filepath.Dir(file))
		if _, ok := allowed[folder]; !ok && !strings.HasPrefix(folder, "internal/") {
			t.Errorf("%s: add a row for %s to allowed", file, folder)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		folder, path string
		test, want   bool
	}{
		{"poll", "iomux", false, true},
		{"poll", "iomux/epoll", true, true},
		{"poll", "iomux/internal/backend", false, true},
		{"poll", "iomux/internal/test/suite", false, true},
		{"poll", "iomux/internal/test/suite", true, false},
		{"poll", "iomux/descriptor", false, false},
		{"poll", "github.com/other/module", true, true},
		{"poll", "golang.org/x/system", false, true},
		{"poll", "golang.org/x/sys/unix", false, false},
		{"poll", "os", false, false},
		{"poll", "iomux/poll", true, false},
		{"internal/epollemu", "iomux/kqueue", false, false},
		{"internal/epollemu", "iomux/poll", false, true},
		{"internal/kqueueemu", "iomux/kqueue", false, true},
		{"epoll", "iomux/internal/epollemu", false, false},
		{"kqueue", "iomux/internal/epollemu", false, true},
		{"internal/backend", "iomux/poll", false, false},
		{"internal/backend", "iomux", true, true},
		{"internal/waker", "iomux/descriptor", false, true},
		{"internal/sys", "iomux/internal/waker", false, true},
		{"descriptor", "iomux/poll", false, true},
		{".", "iomux/internal/backend", false, false},
		{".", "golang.org/x/sys/unix", false, true},
		{".", "golang.org/x/sys/unix", true, false},
	} {
		if got := refusal(c.folder, c.path, c.test); (got != "") != c.want {
			t.Errorf("%s imports %s, test %v: refusal %q, want one: %v", c.folder, c.path, c.test, got, c.want)
		}
	}
}

// TestRequiresSysAlone checks what users of the module download.
func TestRequiresSysAlone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := fs.ReadFile(root(t), name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			for word := range strings.FieldsSeq(line) {
				if strings.Contains(word, ".") && strings.Contains(word, "/") && word != "golang.org/x/sys" && !isVersion(word) {
					t.Errorf("%s requires %s, want golang.org/x/sys alone", name, word)
				}
			}
		}
	}
}

// TestAndroidIsLinux finds code that distinguishes Linux from Android, whose GOOS is another.
func TestAndroidIsLinux(t *testing.T) {
	t.Parallel()
	for _, file := range sources(t) {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "internal/test/") || file == "internal/sys/sys.go" {
			continue
		}
		text, err := fs.ReadFile(root(t), file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `"linux"`) {
			t.Errorf("%s compares runtime.GOOS with linux: use sys.IsLinux", file)
		}
	}
}

// isVersion reports whether a word of go.sum is a version or a hash.
func isVersion(word string) bool {
	return strings.HasPrefix(word, "v") && strings.HasSuffix(word, "/go.mod") || strings.HasPrefix(word, "h1:")
}

// root returns the module's root folder, and skips the test if the binary runs without the source.
func root(t *testing.T) fs.FS {
	t.Helper()
	const path = "../../.."
	text, err := os.ReadFile(filepath.Join(path, "go.mod"))
	if err != nil || !strings.HasPrefix(string(text), "module iomux\n") {
		t.Skip("the source of the module is not here")
	}
	return os.DirFS(path)
}

// sources returns the Go files of the module, without those of other modules below it.
func sources(t *testing.T) []string {
	t.Helper()
	var files []string
	module := root(t)
	err := fs.WalkDir(module, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !entry.IsDir() && filepath.Ext(path) == ".go":
			files = append(files, path)
		case entry.IsDir() && path != ".":
			_, err := fs.Stat(module, path+"/go.mod")
			if err == nil || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata" {
				return fs.SkipDir
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("found only %d files", len(files))
	}
	return files
}

// imports returns the paths that a file imports, whatever system it is for.
func imports(t *testing.T, file string) []string {
	t.Helper()
	text, err := fs.ReadFile(root(t), file)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, spec := range tree.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}
