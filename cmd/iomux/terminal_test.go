//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"iomux/cmd/iomux/internal/session"
)

// onTerminal starts a command on a new terminal, and returns the user's end.
func onTerminal(t *testing.T, name string, args ...string) (*exec.Cmd, *bufio.ReadWriter) {
	t.Helper()
	terminal, device, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals:", err)
	}
	_, _ = terminal.Close(), device.Close() // Start makes another one
	cmd := exec.CommandContext(t.Context(), name, args...)
	terminal, err = pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = terminal.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, bufio.NewReadWriter(bufio.NewReader(terminal), bufio.NewWriter(terminal))
}

func typeText(t *testing.T, terminal *bufio.ReadWriter, text string) {
	t.Helper()
	if _, err := terminal.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := terminal.Flush(); err != nil {
		t.Fatal(err)
	}
}

func TestInputTypedAtATerminal(t *testing.T) {
	for _, mechanism := range session.Mechanisms() {
		cmd, terminal := onTerminal(t, program(t), "wait", "--mechanism", mechanism, "stdin")
		typeText(t, terminal, "hello\n")
		for line := ""; line != "stdin\treadable"; line = readLine(t, terminal.Reader) {
			if line != "" && line != "hello" { // its echo
				t.Errorf("%s: %q", mechanism, line)
			}
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", mechanism, err)
		}
	}
}

func TestControlCEndsAWait(t *testing.T) {
	for _, mechanism := range session.Mechanisms() {
		for _, option := range []string{"--all", "--follow"} {
			args := []string{"wait", option, "--mechanism", mechanism, "timer:0.01", "stdin"}
			cmd, terminal := onTerminal(t, program(t), args...)
			// NetBSD may lose a signal while a program starts.
			readLine(t, terminal.Reader)
			typeText(t, terminal, "\x03")
			// On DragonFly the exit waits until the output is read.
			go func() { _, _ = io.Copy(io.Discard, terminal) }()
			var ended *exec.ExitError
			if err := cmd.Wait(); !errors.As(err, &ended) {
				t.Errorf("%v: %v, want death by a signal", args, err)
				continue
			}
			if status, ok := ended.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGINT {
				t.Errorf("%v: %v, want death by SIGINT", args, ended)
			}
		}
	}
}

// TestControlBackslashEndsAWaitQuietly presses Ctrl-\, for which the Go runtime prints its stacks.
func TestControlBackslashEndsAWaitQuietly(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, terminal := onTerminal(t, program(t), "wait", "--all", file, "stdin")
	readLine(t, terminal.Reader)       // of the file, which is ready at once
	time.Sleep(500 * time.Millisecond) // a brief wait does not catch the signal
	typeText(t, terminal, "\x1c")
	var printed bytes.Buffer
	_, _ = printed.ReadFrom(terminal) // Linux ends it with an error
	if strings.Contains(printed.String(), "\n") {
		t.Errorf("printed %q after Ctrl-\\", printed.String())
	}
	var ended *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &ended) || ended.ExitCode() != 128+int(syscall.SIGQUIT) {
		t.Errorf("%v, want exit status 131", err)
	}
}

// TestControlCReachesTheCommandOnce presses Ctrl-C while CMD of --follow runs.
func TestControlCReachesTheCommandOnce(t *testing.T) {
	t.Parallel()
	cmd, terminal := onTerminal(t, program(t), "wait", "--follow", "timer:0.01", "--", "peer", "interrupts")
	if line := readLine(t, terminal.Reader); line != "ready" {
		t.Fatalf("%q", line)
	}
	// iomux must handle the signal after CMD, because two signals at once are one.
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	typeText(t, terminal, "\x03")
	if line := strings.TrimPrefix(readLine(t, terminal.Reader), "^C"); line != "interrupt" {
		t.Errorf("CMD printed %q after Ctrl-C", line)
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if line := readLine(t, terminal.Reader); line != "end" {
		t.Errorf("CMD printed %q after it was interrupted", line)
	}
	var ended *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
		t.Errorf("%v, want death by SIGINT", err)
	}
}

// TestTheTerminalIsLeftAsItWas compares the output of stty before and after an interrupted wait.
func TestTheTerminalIsLeftAsItWas(t *testing.T) {
	for _, name := range []string{"sh", "stty"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("this system has no %s", name)
		}
	}
	const script = `trap : INT; stty -g; sh -c 'echo go; exec iomux wait stdin'; echo $?; stty -g`
	cmd, terminal := onTerminal(t, "sh", "-c", script)
	before := readLine(t, terminal.Reader)
	if line := readLine(t, terminal.Reader); line != "go" {
		t.Fatalf("%q", line)
	}
	typeText(t, terminal, "\x03")
	if line := strings.TrimPrefix(readLine(t, terminal.Reader), "^C"); line != "130" {
		t.Errorf("exit status %s, want 130", line)
	}
	if after := readLine(t, terminal.Reader); after != before {
		t.Errorf("the terminal was %s, is %s", before, after)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
