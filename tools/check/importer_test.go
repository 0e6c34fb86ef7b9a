package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// importer is a program that imports every package of iomux.
const importer = `package main

import (
	_ "iomux"
	_ "iomux/descriptor"
	_ "iomux/devpoll"
	_ "iomux/epoll"
	_ "iomux/kqueue"
	_ "iomux/poll"
	_ "iomux/selectfd"
)

func main() {}
`

// A module that imports every package of iomux inherits golang.org/x/sys and nothing else, not even
// in its go.sum. It may declare the older of the two supported Go releases.
func TestImporterInheritsXSysAlone(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module importer\n\ngo 1.26.0\n\nrequire iomux v0.0.0\n\nreplace iomux => "+root+"\n")
	write("go.sum", read(t, filepath.Join(root, "go.sum")))
	read(t, filepath.Join(root, "go.mod")) // so that a change of it invalidates a cached result
	write("main.go", importer)
	goCommand(t, folder, "mod", "tidy")
	goCommand(t, folder, "build", "-o", os.DevNull, ".")
	modules := strings.Fields(goCommand(t, folder, "list", "-m", "-f", "{{.Path}}", "all"))
	if want := []string{"importer", "iomux", "golang.org/x/sys"}; !slices.Equal(slices.Sorted(slices.Values(modules)), slices.Sorted(slices.Values(want))) {
		t.Errorf("the modules are %v, want %v", modules, want)
	}
	for line := range strings.Lines(read(t, filepath.Join(folder, "go.sum"))) {
		if !strings.HasPrefix(line, "golang.org/x/sys ") {
			t.Errorf("go.sum has the line %q", line)
		}
	}
	module := read(t, filepath.Join(folder, "go.mod"))
	if !regexp.MustCompile(`(?m)^go 1\.26\.0$`).MatchString(module) {
		t.Errorf("iomux needs a later release of Go:\n%s", module)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// goCommand runs the go command in a folder outside the workspace, and returns its output.
func goCommand(t *testing.T, folder string, args ...string) string {
	t.Helper()
	command := exec.Command("go", args...)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("go %v: %v\n%s", args, err, output)
	}
	return string(output)
}
