package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write writes the files of a module to a new folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	files["go.mod"] = "module example\n\ngo 1.26.0\n"
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestEachObjectHasALine(t *testing.T) {
	folder := write(t, map[string]string{
		"internal/hidden/hidden.go": "package hidden\n\nfunc Hidden() {}\n",
		"cmd/cmd.go":                "package main\n\nfunc Run() {}\n\nfunc main() {}\n",
		"a/a.go": `package a

import "os"

const One = 1

var Failure error

type Alias = os.SyscallError

type inner struct{}

func (*inner) Promoted() {}

type Outer struct {
	inner
	os.File
	Field, hidden int
}

func (Outer) Value(of []byte) (n int, err error) { return }

type List[K comparable] []K

func (List[K]) First() (first K) { return }

type Shape interface {
	Area(scale float64) float64
}

func Map[A, B any](list []A, each func(A) B, more ...int) []B { return nil }

func hidden() {}
`,
	})
	got, err := load("linux/amd64", folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"const One untyped int",
		"var Failure error",
		"type Alias = os.SyscallError",
		"type Outer struct",
		"type Outer struct, embedded os.File",
		"type Outer struct, Field int",
		"method (*Outer) Promoted()",
		"method (Outer) Value([]byte) (int, error)",
		"type List[K comparable] []K",
		"method (List[K]) First() K",
		"type Shape interface",
		"method (Shape) Area(float64) float64",
		"func Map[A any, B any]([]A, func(A) B, ...int) []B",
	} {
		if !slices.Contains(got, "pkg example/a, "+want) {
			t.Errorf("missing: %s", want)
		}
	}
	for _, line := range got {
		if strings.Contains(strings.ToLower(line), "hidden") || strings.Contains(line, "Run") || strings.Contains(line, "Chdir") {
			t.Errorf("should not be printed: %s", line)
		}
	}
	if !slices.IsSorted(got) {
		t.Error("the lines are not sorted")
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	folder := write(t, map[string]string{
		"a/a.go":         "package a\n\nfunc Everywhere() {}\n",
		"a/a_windows.go": "package a\n\nfunc OnlyHere() {}\n",
		"api.txt":        "pkg example/a, func Everywhere()\npkg example/a, func Gone()\n",
	})
	t.Chdir(folder)
	err := run("api.txt", false, []string{"linux/amd64", "windows/amd64"})
	if err == nil {
		t.Fatal("no difference was found")
	}
	for _, want := range []string{"linux/amd64 (-) and windows/amd64 (+)", "  + pkg example/a, func OnlyHere()", "  - pkg example/a, func Gone()", "make api"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
	if err := run("api.txt", true, []string{"linux/amd64"}); err != nil {
		t.Fatal(err)
	}
	if err := run("api.txt", false, []string{"linux/amd64"}); err != nil {
		t.Errorf("after it was accepted: %v", err)
	}
}

func TestFailures(t *testing.T) {
	t.Chdir(write(t, map[string]string{"a/a.go": "package a\n\nfunc Broken() undefined {}\n"}))
	for _, targets := range [][]string{nil, {"linux"}, {"linux/amd64"}} {
		if err := run("api.txt", true, targets); err == nil {
			t.Errorf("%q: no error", targets)
		}
	}
	t.Chdir(write(t, map[string]string{"internal/a/a.go": "package a\n"}))
	if err := run("api.txt", true, []string{"linux/amd64"}); err == nil {
		t.Error("a module without public packages: no error")
	}
}
