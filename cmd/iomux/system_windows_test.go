package main

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"
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

// Package net has no datagrams under Wine, so the sender is a bare socket.
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
	sender, err := makeSocket(syscall.AF_INET, syscall.SOCK_DGRAM)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closeFD(sender) }()
	if err := windows.Sendto(windows.Handle(sender), []byte("hello"), 0, address); err != nil {
		t.Fatal(err)
	}
	if err := wait.Wait(); err != nil || !strings.HasPrefix(output.String(), "udp://:0\tdatagram\tpeer=127.0.0.1:") ||
		!strings.Contains(output.String(), "bytes=5") {
		t.Errorf("%q, %v", output.String(), err)
	}
}
