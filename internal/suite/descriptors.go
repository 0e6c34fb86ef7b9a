//go:build unix

package suite

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/leak"
	"iomux/internal/sys"
)

// Pipe makes a non-blocking pipe that the end of the test closes.
func Pipe(t testing.TB) (r, w int) {
	t.Helper()
	var fds [2]int
	syscall.ForkLock.RLock()
	err := unix.Pipe(fds[:])
	if err == nil {
		prepare(t, fds[:])
	}
	syscall.ForkLock.RUnlock()
	must(t, err)
	return fds[0], fds[1]
}

// SocketPair makes a connected pair of non-blocking sockets that the end of the test closes.
func SocketPair(t testing.TB, kind int) (a, b int) {
	t.Helper()
	syscall.ForkLock.RLock()
	fds, err := unix.Socketpair(unix.AF_UNIX, kind, 0)
	if err == nil {
		prepare(t, fds[:])
	}
	syscall.ForkLock.RUnlock()
	must(t, err)
	return fds[0], fds[1]
}

// Socket makes a non-blocking TCP or UDP socket that the end of the test closes.
func Socket(t testing.TB, kind int) int {
	t.Helper()
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(unix.AF_INET, kind, 0)
	if err == nil {
		prepare(t, []int{fd})
	}
	syscall.ForkLock.RUnlock()
	must(t, err)
	return fd
}

// prepare makes descriptors non-blocking and close-on-exec, notes where they came from, and closes them in the end.
func prepare(t testing.TB, fds []int) {
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		_ = unix.SetNonblock(fd, true) // it fails for no open descriptor
		leak.Opened(fd)
		CloseAtEnd(t, fd)
	}
}

// mine are the open descriptors that end with their test.
var mine sync.Map // of int

// CloseAtEnd closes fd when the test ends, unless Close does so before.
func CloseAtEnd(t testing.TB, fd int) {
	mine.Store(fd, nil)
	t.Cleanup(func() {
		if _, open := mine.LoadAndDelete(fd); open {
			_ = unix.Close(fd)
		}
	})
}

// Close closes a descriptor that was to be closed at the end of the test.
func Close(t testing.TB, fd int) {
	t.Helper()
	mine.Delete(fd)
	must(t, unix.Close(fd))
}

// Write writes one byte, which finds room.
func Write(t testing.TB, fd int) {
	t.Helper()
	if n, err := unix.Write(fd, []byte{'x'}); n != 1 || err != nil {
		t.Fatalf("write to %d: %d bytes, %v", fd, n, err)
	}
}

// Drain reads all that there is, and tells how much.
func Drain(t testing.TB, fd int) int {
	t.Helper()
	total := 0
	for buffer := make([]byte, 1<<16); ; {
		n, err := unix.Read(fd, buffer)
		if n <= 0 || err != nil {
			return total
		}
		total += n
	}
}

// Fill writes until there is no room left.
func Fill(t testing.TB, fd int) {
	t.Helper()
	for buffer := make([]byte, 4096); ; {
		if _, err := unix.Write(fd, buffer); err == unix.EAGAIN {
			if len(buffer) == 1 {
				return
			}
			buffer = buffer[:1]
		} else if err != nil {
			t.Fatal("fill:", err)
		}
	}
}

// loopback is an address of any port of 127.0.0.1.
func loopback() *unix.SockaddrInet4 { return &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}} }

// Listen makes a listening TCP socket, and tells its address.
func Listen(t testing.TB) (int, unix.Sockaddr) {
	t.Helper()
	fd := Socket(t, unix.SOCK_STREAM)
	must(t, unix.Bind(fd, loopback()))
	must(t, unix.Listen(fd, 16))
	address, err := unix.Getsockname(fd)
	must(t, err)
	return fd, address
}

// Connect begins a connection, which on loopback may stand at once.
func Connect(t testing.TB, address unix.Sockaddr) int {
	t.Helper()
	fd := Socket(t, unix.SOCK_STREAM)
	if err := unix.Connect(fd, address); err != nil && err != unix.EINPROGRESS {
		t.Fatal("connect:", err)
	}
	return fd
}

// TCPPair makes the two ends of a TCP connection.
func TCPPair(t testing.TB) (client, server int) {
	t.Helper()
	listener, address := Listen(t)
	client = Connect(t, address)
	Await(t, listener, unix.POLLIN)
	syscall.ForkLock.RLock()
	server, _, err := unix.Accept(listener)
	if err == nil {
		prepare(t, []int{server})
	}
	syscall.ForkLock.RUnlock()
	must(t, err)
	Await(t, client, unix.POLLOUT)
	return client, server
}

// Await waits by the system's own poll(2) for what a test needs before it begins.
func Await(t testing.TB, fd int, events uint16) {
	t.Helper()
	fds := []sys.PollFD{{FD: int32(fd), Events: events}}
	for {
		n, errno := sys.Poll(fds, soon)
		if errno == unix.EINTR {
			continue
		}
		if n != 1 || errno != 0 {
			t.Fatalf("descriptor %d did not become ready: %v", fd, errno)
		}
		return
	}
}

// File makes a regular file.
func File(t testing.TB) int {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "file"), unix.O_RDWR|unix.O_CREAT)
}

// open opens a file without blocking.
func open(t testing.TB, path string, flags int) int {
	t.Helper()
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC|unix.O_NONBLOCK, 0o600)
	must(t, err)
	leak.Opened(fd)
	CloseAtEnd(t, fd)
	return fd
}

// ClosedFD is a number that was a descriptor and is none now.
func ClosedFD(t testing.TB) int {
	t.Helper()
	fd := open(t, os.DevNull, unix.O_RDONLY)
	high := duplicate(t, fd, 200) // a number that nothing opened meanwhile gets
	must(t, unix.Close(high))
	return high
}

// High moves fd to a number of at least from, and closes it there in the end. It skips the test where the process may not
// have so many descriptors.
func High(t testing.TB, fd, from int) int {
	t.Helper()
	raiseLimit(t, from+16)
	high := duplicate(t, fd, from)
	leak.Opened(high)
	CloseAtEnd(t, high)
	return high
}

// duplicate makes another number, from on upwards, for the file of fd.
func duplicate(t testing.TB, fd, from int) int {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	twin, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD, from)
	must(t, err)
	unix.CloseOnExec(twin)
	return twin
}

// raiseLimit makes room for n descriptors, until the end of the test.
func raiseLimit(t testing.TB, n int) {
	t.Helper()
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	if uint64(limit.Cur) >= uint64(n) {
		return
	}
	Limit(t, n)
}

// Limit lets the process have n descriptors, until the end of the test. It skips the test where that is too many.
func Limit(t testing.TB, n int) {
	t.Helper()
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	before := limit
	setLimit(&limit, n)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Skipf("this process may not have %d descriptors: %v", n, err)
	}
	t.Cleanup(func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &before) })
}
