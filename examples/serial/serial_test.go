//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

func terminal(t *testing.T) (us, device *os.File) {
	t.Helper()
	us, device, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals:", err)
	}
	t.Cleanup(func() { _, _ = us.Close(), device.Close() }) // a test may have closed them
	return us, device
}

func TestLinesOfAPseudoTerminal(t *testing.T) {
	us, device := terminal(t)
	heard, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run([]string{device.Name(), "1m"}, out) }()
	lines := bufio.NewReader(heard)
	fmt.Fprint(us, "one\ntw")
	time.Sleep(20 * time.Millisecond)
	fmt.Fprint(us, "o\n")
	for _, want := range []string{"one\n", "two\n"} {
		if line, err := lines.ReadString('\n'); line != want || err != nil {
			t.Fatalf("the line is %q, %v, want %q", line, err, want)
		}
	}
	if err := us.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTimeout(t *testing.T) {
	us, device := terminal(t)
	fmt.Fprint(us, "not a whole line")
	start := time.Now()
	err := run([]string{device.Name(), "50ms"}, new(strings.Builder))
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) < 50*time.Millisecond {
		t.Errorf("run = %v after %v, want context.DeadlineExceeded after 50 ms", err, time.Since(start))
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"/dev/null"}, {"/dev/null", "soon"}, {t.TempDir() + "/nothing", "1s"}} {
		if err := run(args, new(strings.Builder)); err == nil {
			t.Errorf("run accepted the arguments %q", args)
		}
	}
}
