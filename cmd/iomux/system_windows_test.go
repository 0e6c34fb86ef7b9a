package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"iomux/internal/test/suite"
	"iomux/internal/test/wine"

	"iomux/cmd/iomux/internal/exit"
)

func TestProcessThatExits(t *testing.T) {
	other := exec.CommandContext(t.Context(), program(t), "wait", "timer:500ms")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	source := fmt.Sprintf("pid:%d", other.Process.Pid)
	output, err := exec.CommandContext(t.Context(), program(t), "wait", "--timeout", "60", source).CombinedOutput()
	if !strings.HasPrefix(string(output), source+"\texited") || err != nil {
		t.Errorf("%q, %v", output, err)
	}
	if err := other.Wait(); err != nil {
		t.Error(err)
	}
}

// TestConsoleIsRefused names the console as a source.
func TestConsoleIsRefused(t *testing.T) {
	if !suite.InConsole(t) {
		return
	}
	stdin, err := os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }() // nothing was written to it
	for _, source := range []string{"stdin", "CONIN$", "CONOUT$"} {
		cmd := exec.CommandContext(t.Context(), program(t), "wait", "--timeout", "60", source)
		cmd.Stdin = stdin
		output, err := cmd.CombinedOutput()
		want := "iomux: " + source + ": not on Windows, which has tcp://"
		if cmd.ProcessState.ExitCode() != exit.Failed || !strings.HasPrefix(string(output), want) {
			t.Errorf("%q, %v, want %q", output, err, want)
		}
	}
}

// TestCtrlCEndsAWait checks the exit status that Windows gives for Ctrl-C.
func TestCtrlCEndsAWait(t *testing.T) {
	if !suite.InConsole(t) {
		return
	}
	cmd := exec.CommandContext(t.Context(), program(t), "wait", "--follow", "tcp-listen://:0")
	messages, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	readLine(t, bufio.NewReader(messages)) // until it listens
	got := pressCtrlC(t, cmd)
	if got == 0 {
		wine.Skip(t, "the status of a process that Ctrl-C has ended is 0, not STATUS_CONTROL_C_EXIT")
	}
	if got != uint32(windows.STATUS_CONTROL_C_EXIT) {
		t.Errorf("exit status %#x, want %#x", got, uint32(windows.STATUS_CONTROL_C_EXIT))
	}
}

// TestCtrlCIsASignal presses Ctrl-C for signal:INT.
func TestCtrlCIsASignal(t *testing.T) {
	if !suite.InConsole(t) {
		return
	}
	var output strings.Builder
	cmd := exec.CommandContext(t.Context(), program(t), "wait", "signal:INT", "tcp-listen://:0")
	cmd.Stdout = &output
	messages, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The command listens after it has started to wait for the signal.
	readLine(t, bufio.NewReader(messages))
	if got := pressCtrlC(t, cmd); got != 0 || output.String() != "signal:INT\tcaught\n" {
		t.Errorf("exit status %#x, output %q", got, output.String())
	}
}

// pressCtrlC sends Ctrl-C to all processes of the console, and returns the status of cmd.
func pressCtrlC(t *testing.T, cmd *exec.Cmd) uint32 {
	t.Helper()
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt)
	defer signal.Stop(caught)
	if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_C_EVENT, 0); err != nil {
		t.Fatal("GenerateConsoleCtrlEvent:", err)
	}
	<-caught
	_ = cmd.Wait() // ProcessState has the status
	return uint32(cmd.ProcessState.ExitCode())
}

// TestDatagram sends a datagram from a bare socket, because package net has none under Wine.
func TestDatagram(t *testing.T) {
	wait := exec.CommandContext(t.Context(), program(t), "wait", "--timeout", "60", "udp://:0")
	var output strings.Builder
	wait.Stdout = &output
	messages, err := wait.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := wait.Start(); err != nil {
		t.Fatal(err)
	}
	line := readLine(t, bufio.NewReader(messages))
	address := &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if _, err := fmt.Sscanf(line, "listening on 127.0.0.1:%d", &address.Port); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	sender, err := windows.Socket(windows.AF_INET, windows.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = windows.Closesocket(sender) }()
	if err := windows.Sendto(sender, []byte("hello"), 0, address); err != nil {
		t.Fatal(err)
	}
	if err := wait.Wait(); err != nil || !strings.HasPrefix(output.String(), "udp://:0\tdatagram\tpeer=127.0.0.1:") ||
		!strings.Contains(output.String(), "bytes=5") {
		t.Errorf("%q, %v", output.String(), err)
	}
}
