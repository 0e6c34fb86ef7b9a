package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"iomux/internal/test/script"
	"iomux/internal/test/wine"
)

// scripts is embedded, so that the test binary needs no other file.
//
//go:embed testdata
var scripts embed.FS

// raceOptions saves the second that the race detector sleeps at the end of a program.
const raceOptions = "atexit_sleep_ms=0"

// TestMain makes the test binary the command iomux-bench on the PATH of every test.
func TestMain(m *testing.M) {
	if _, err := os.Executable(); err != nil { // Linux without /proc
		fmt.Println("all tests are left out, because they start this program again:", err)
		return
	}
	if err := os.Setenv("GORACE", raceOptions); err != nil {
		panic(err)
	}
	testscript.Main(removing{m}, map[string]func(){"iomux-bench": main})
}

// removing runs the tests, then removes the folder that testscript cannot remove under Wine.
type removing struct{ tests *testing.M }

func (r removing) Run() int {
	status := r.tests.Run()
	if path, err := exec.LookPath("iomux-bench"); err == nil && wine.Running() {
		_ = wine.RemoveAll(filepath.Dir(path)) // testscript reports files that are left
	}
	return status
}

// TestScripts runs the command as a user does.
func TestScripts(t *testing.T) {
	folder := wine.Folder(t)
	files, err := fs.Sub(scripts, "testdata/script")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(folder, files); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 folder,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition:           condition,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"status": script.Status[*testscript.TestScript]},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", raceOptions)
			return nil
		},
	})
}

// condition reports whether the condition in brackets holds.
func condition(name string) (bool, error) {
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		_, err := os.Stat(path)
		return err == nil, nil
	}
	switch name {
	case "measures":
		return len(measuredMechanisms()) > 0, nil
	case "root":
		return os.Geteuid() == 0, nil
	}
	return false, errors.New("unknown condition")
}

// program returns the path of the command.
func program(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("iomux-bench")
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Clean(path)
}
