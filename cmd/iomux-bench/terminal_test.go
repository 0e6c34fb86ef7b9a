//go:build unix

package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
)

// TestControlCPrintsTheResultsSoFar presses Ctrl-C when the progress line shows the second
// mechanism.
func TestControlCPrintsTheResultsSoFar(t *testing.T) {
	names := measuredMechanisms()
	if len(names) < 2 {
		t.Skipf("this system has only the mechanisms %q", names)
	}
	path := filepath.Join(t.TempDir(), "chart.svg")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program(t), "--duration", "1h", "--descriptors", "2", "--active", "1", "--out", path)
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Skipf("no terminal: %v", err)
	}
	defer func() { _ = terminal.Close() }()
	part := make([]byte, 4096)
	for shown := ""; !strings.Contains(shown, names[1]+" on 2 pipes"); {
		n, err := terminal.Read(part)
		if err != nil {
			t.Fatalf("%q: %v", shown, err)
		}
		shown += string(part[:n])
	}
	if _, err := terminal.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(terminal)
	// Linux returns EIO after the other end is closed.
	if err != nil && !errors.Is(err, syscall.EIO) {
		t.Error(err)
	}
	var ended *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &ended) || ended.ExitCode() != 130 {
		t.Errorf("%v, want exit status 130", err)
	}
	for _, want := range []string{"Bare wait, 1 of n ready", "interrupted: the table shows the results so far; " + path + " was not written"} {
		if !strings.Contains(string(rest), want) {
			t.Errorf("%q is missing in %q", want, rest)
		}
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "old" || len(files) != 1 {
		t.Errorf("the file holds %q (%v), and its folder holds %v", content, err, files)
	}
}
