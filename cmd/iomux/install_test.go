//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestMakeInstallInstallsEveryFile installs the command below a temporary folder.
func TestMakeInstallInstallsEveryFile(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"make", "go"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	if _, err := os.Stat("install.mk"); err != nil {
		t.Skip("the source is not here: the test binary runs alone")
	}
	if output, err := exec.Command("go", "list", "-deps", ".").CombinedOutput(); err != nil {
		t.Skipf("the go command does not run: %v\n%s", err, output)
	}
	folder := filepath.Join(t.TempDir(), "it's a folder")
	install := exec.Command("make", "-C", "../..", "install", "PREFIX=/opt", "DESTDIR="+folder)
	if output, err := install.CombinedOutput(); err != nil {
		t.Fatalf("make install: %v\n%s", err, output)
	}
	for _, name := range []string{
		"bin/iomux", "share/man/man1/iomux.1", "share/bash-completion/completions/iomux",
		"share/zsh/site-functions/_iomux", "share/fish/vendor_completions.d/iomux.fish",
	} {
		if info, err := os.Stat(filepath.Join(folder, "opt", name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v, %v, want a file with text", name, info, err)
		}
	}
	// The tables of package regexp take time at every start.
	program := filepath.Join(folder, "opt", "bin", "iomux")
	if content, err := os.ReadFile(program); err != nil || bytes.Contains(content, []byte("regexp.compile")) {
		t.Errorf("%s: %v, want a program without package regexp", program, err)
	}
	if output, err := exec.Command(program, "--version").CombinedOutput(); err != nil {
		t.Errorf("iomux --version: %v\n%s", err, output)
	}
}
