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

// A module that imports every package of iomux inherits golang.org/x/sys and nothing else, not even
// in its go.sum. It may declare the older of the two supported Go releases.
func TestImporterInheritsXSysAlone(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module importer\n\ngo 1.26.0\n\nrequire iomux v0.0.0\n\nreplace iomux => "+root+"\n")
	write("go.sum", read(filepath.Join(root, "go.sum")))
	read(filepath.Join(root, "go.mod")) // so that a change of it invalidates a cached result
	write("main.go", `package main

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
`)
	run := func(args ...string) string {
		command := exec.Command("go", args...)
		command.Dir = folder
		command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOTOOLCHAIN=local")
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, output)
		}
		return string(output)
	}
	run("mod", "tidy")
	run("build", "-o", os.DevNull, ".")
	modules := strings.Fields(run("list", "-m", "-f", "{{.Path}}", "all"))
	if want := []string{"importer", "iomux", "golang.org/x/sys"}; !slices.Equal(slices.Sorted(slices.Values(modules)), slices.Sorted(slices.Values(want))) {
		t.Errorf("the modules are %v, want %v", modules, want)
	}
	for line := range strings.Lines(read(filepath.Join(folder, "go.sum"))) {
		if !strings.HasPrefix(line, "golang.org/x/sys ") {
			t.Errorf("go.sum has the line %q", line)
		}
	}
	module := read(filepath.Join(folder, "go.mod"))
	if !regexp.MustCompile(`(?m)^go 1\.26\.0$`).MatchString(module) {
		t.Errorf("iomux needs a later release of Go:\n%s", module)
	}
}
