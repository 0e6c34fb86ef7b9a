//go:build unix || windows

package suite

import (
	"sync"
	"testing"

	"iomux/internal/test/leak"
)

// mine holds the test that closes each descriptor at its end. The number may belong to another test
// before that.
var mine sync.Map // from int to testing.TB

// CloseAtEnd closes fd when the test ends, unless Close does so before.
func CloseAtEnd(t testing.TB, fd int) {
	mine.Store(fd, t)
	t.Cleanup(func() {
		if mine.CompareAndDelete(fd, t) {
			_ = abort(fd)
		}
	})
}

// Close closes a descriptor that would otherwise be closed at the end of the test.
func Close(t testing.TB, fd int) {
	t.Helper()
	mine.Delete(fd)
	Must(t, closeFD(fd))
}

// keep records where fd was opened, and closes it at the end of the test.
func keep(t testing.TB, fd int) {
	leak.Opened(fd)
	CloseAtEnd(t, fd)
}

// Write writes one byte to fd, which must have room for it.
func Write(t testing.TB, fd int) {
	t.Helper()
	if n, err := write(fd, []byte{'x'}); n != 1 || err != nil {
		t.Fatalf("write to %d: %d bytes, %v", fd, n, err)
	}
	arrived(fd)
}

// Drain reads until fd is empty, and returns the number of bytes.
func Drain(t testing.TB, fd int) int {
	t.Helper()
	total := 0
	for buffer := make([]byte, 1<<16); ; {
		n, err := read(fd, buffer)
		if n <= 0 || err != nil {
			return total
		}
		total += n
	}
}

// Fill writes until fd is full.
func Fill(t testing.TB, fd int) {
	t.Helper()
	const most = 4096
	for buffer := make([]byte, most); ; {
		if _, err := write(fd, buffer); err == errWouldBlock {
			switch {
			case len(buffer) > 1:
				buffer = buffer[:1]
			case getsRoom(fd):
				buffer = buffer[:most]
			default:
				return
			}
		} else if err != nil {
			t.Fatal("fill:", err)
		}
	}
}

// TCPPair returns the two ends of a TCP connection.
func TCPPair(t testing.TB) (client, server int) {
	t.Helper()
	listener, address := Listen(t)
	client = Connect(t, address)
	server = accept(t, listener)
	Await(t, client, Out)
	return client, server
}
