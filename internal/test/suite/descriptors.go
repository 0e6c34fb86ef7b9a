//go:build unix || windows

package suite

import (
	"sync"
	"testing"

	"iomux/internal/test/leak"
)

// mine holds the tests that close each descriptor at their end. A number may have come to another
// test since.
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

// Close closes a descriptor that was to be closed at the end of the test.
func Close(t testing.TB, fd int) {
	t.Helper()
	mine.Delete(fd)
	must(t, closeFD(fd))
}

// keep notes where fd came from, and closes it in the end.
func keep(t testing.TB, fd int) {
	leak.Opened(fd)
	CloseAtEnd(t, fd)
}

// Write writes one byte, which finds room.
func Write(t testing.TB, fd int) {
	t.Helper()
	if n, err := write(fd, []byte{'x'}); n != 1 || err != nil {
		t.Fatalf("write to %d: %d bytes, %v", fd, n, err)
	}
	arrived(fd)
}

// Drain reads all that there is, and tells how much.
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

// Fill writes until there is no room left.
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

// TCPPair makes the two ends of a TCP connection.
func TCPPair(t testing.TB) (client, server int) {
	t.Helper()
	listener, address := Listen(t)
	client = Connect(t, address)
	server = accept(t, listener)
	Await(t, client, Out)
	return client, server
}
