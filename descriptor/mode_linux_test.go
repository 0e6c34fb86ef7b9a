package descriptor_test

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/internal/test/suite"
)

// byMode makes TryRead and TryWrite use the descriptor's mode, as on kernels without RWF_NOWAIT.
var byMode = descriptor.ByMode

// terminal returns a pseudo-terminal in blocking and raw mode.
func terminal(t *testing.T) (keyboard, line int) {
	t.Helper()
	keyboard, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("this system has no pseudo-terminals:", err)
	}
	suite.CloseAtEnd(t, keyboard)
	must(t, unix.IoctlSetPointerInt(keyboard, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(keyboard, unix.TIOCGPTN)
	must(t, err)
	line, err = unix.Open(fmt.Sprintf("/dev/pts/%d", number), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	must(t, err)
	suite.CloseAtEnd(t, line)
	settings, err := unix.IoctlGetTermios(line, unix.TCGETS)
	must(t, err)
	settings.Lflag &^= unix.ICANON | unix.ECHO | unix.ISIG
	settings.Oflag &^= unix.OPOST
	must(t, unix.IoctlSetTermios(line, unix.TCSETS, settings))
	return keyboard, line
}

func TestTerminal(t *testing.T) {
	keyboard, line := terminal(t)
	buffer := make([]byte, 8)
	if n, err := descriptor.TryRead(line, buffer); n != 0 || err != unix.EAGAIN {
		t.Errorf("TryRead of a silent terminal: %d, %v, want EAGAIN", n, err)
	}
	for left := []byte("hello"); len(left) > 0; {
		n, err := descriptor.TryWrite(keyboard, left)
		if n <= 0 || err != nil {
			t.Fatalf("TryWrite: %d, %v", n, err)
		}
		left = left[n:]
	}
	typed := ""
	for len(typed) < 5 {
		suite.Await(t, line, suite.In)
		n, err := descriptor.TryRead(line, buffer)
		if err != nil {
			t.Fatal(err)
		}
		typed += string(buffer[:n])
	}
	if typed != "hello" {
		t.Errorf("the terminal returned %q", typed)
	}
	// Without a reader the terminal fills up, but does not block the writer.
	total := 0
	for {
		n, err := descriptor.TryWrite(line, make([]byte, 5000))
		if err == unix.EAGAIN {
			break
		}
		if n <= 0 || err != nil {
			t.Fatalf("TryWrite: %d, %v", n, err)
		}
		if total += n; total > 1<<24 {
			t.Fatal("the terminal never becomes full")
		}
	}
}
