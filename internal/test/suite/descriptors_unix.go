//go:build unix

package suite

import (
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/test/leak"
	"iomux/internal/test/network"
)

// Pipe returns a non-blocking pipe that is closed at the end of the test.
func Pipe(t testing.TB) (r, w int) {
	t.Helper()
	var fds [2]int
	syscall.ForkLock.RLock()
	err := unix.Pipe(fds[:])
	if err == nil {
		prepare(t, fds[:])
	}
	syscall.ForkLock.RUnlock()
	made(t, err)
	return fds[0], fds[1]
}

// SocketPair returns a connected pair of non-blocking sockets that are closed at the end of the
// test.
func SocketPair(t testing.TB, kind int) (a, b int) {
	t.Helper()
	syscall.ForkLock.RLock()
	fds, err := unix.Socketpair(unix.AF_UNIX, kind, 0)
	if err == nil {
		prepare(t, fds[:])
	}
	syscall.ForkLock.RUnlock()
	made(t, err)
	return fds[0], fds[1]
}

// made fails the test if a descriptor was not made. It skips the test instead if the process may
// have few.
func made(t testing.TB, err error) {
	t.Helper()
	if (err == unix.EMFILE || err == unix.EINVAL) && leak.FewDescriptors() {
		t.Skip("this process may have fewer than 1024 descriptors:", err)
	}
	Must(t, err)
}

// Socket returns a non-blocking TCP or UDP socket that is closed at the end of the test.
func Socket(t testing.TB, kind int) int {
	t.Helper()
	return newSocket(t, unix.AF_INET, kind)
}

// newSocket returns a socket, or skips the test if the system does not support the address family.
func newSocket(t testing.TB, family, kind int) int {
	t.Helper()
	network.Need(t)
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(family, kind, 0)
	if err == nil {
		prepare(t, []int{fd})
	}
	syscall.ForkLock.RUnlock()
	if err == unix.EAFNOSUPPORT {
		t.Skip("this system has no such sockets:", err)
	}
	made(t, err)
	return fd
}

// prepare makes descriptors non-blocking and close-on-exec, records where they were opened, and
// closes them at the end of the test.
func prepare(t testing.TB, fds []int) {
	for _, fd := range fds {
		unix.CloseOnExec(fd)
		_ = unix.SetNonblock(fd, true) // cannot fail for an open descriptor
		keep(t, fd)
	}
}

const errWouldBlock = unix.EAGAIN

func read(fd int, p []byte) (int, error)  { return unix.Read(fd, p) }
func write(fd int, p []byte) (int, error) { return unix.Write(fd, p) }
func closeFD(fd int) error                { return unix.Close(fd) }
func abort(fd int) error                  { return unix.Close(fd) }

// arrived does nothing: data written to a pipe arrives at once.
func arrived(int) {}

// awaitBytes does nothing, for the same reason.
func awaitBytes(testing.TB, int, int) {}

// getsRoom reports that a full pipe gets no room by itself: only a reader makes room.
func getsRoom(int) bool { return false }

// accept waits for a connection and accepts it.
func accept(t testing.TB, listener int) int {
	t.Helper()
	Await(t, listener, In)
	syscall.ForkLock.RLock()
	fd, _, err := unix.Accept(listener)
	if err == nil {
		prepare(t, []int{fd})
	}
	syscall.ForkLock.RUnlock()
	Must(t, err)
	return fd
}

// Await waits with the system's own poll(2) until fd is readable (In), writable (Out) or has urgent
// data (Pri).
func Await(t testing.TB, fd int, event Events) {
	t.Helper()
	fds := []sys.PollFD{{FD: int32(fd), Events: map[Events]uint16{In: unix.POLLIN, Out: unix.POLLOUT, Pri: unix.POLLPRI}[event]}}
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

// File returns a new regular file.
func File(t testing.TB) int {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "file"), unix.O_RDWR|unix.O_CREAT)
}

// open opens a file with O_NONBLOCK and closes it at the end of the test.
func open(t testing.TB, path string, flags int) int {
	t.Helper()
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC|unix.O_NONBLOCK, 0o600)
	made(t, err)
	keep(t, fd)
	return fd
}

// ClosedFD returns the number of a closed descriptor.
func ClosedFD(t testing.TB) int {
	t.Helper()
	fd, _ := Pipe(t)
	high := Duplicate(t, fd, 200) // a number that no other open returns soon
	Must(t, unix.Close(high))
	return high
}

// High duplicates fd to a number that is from or higher, and closes it at the end of the test. It
// skips the test if the process may not have so many descriptors.
func High(t testing.TB, fd, from int) int {
	t.Helper()
	raiseLimit(t, from+16)
	high := Duplicate(t, fd, from)
	keep(t, high)
	return high
}

// Duplicate duplicates fd to a number that is from or higher. The caller closes it. It skips the
// test if the process may not have so many descriptors.
func Duplicate(t testing.TB, fd, from int) int {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	twin, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD, from)
	made(t, err)
	unix.CloseOnExec(twin)
	return twin
}

// raiseLimit allows n descriptors until the end of the test.
func raiseLimit(t testing.TB, n int) {
	t.Helper()
	var limit unix.Rlimit
	Must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	if uint64(limit.Cur) >= uint64(n) {
		return
	}
	Limit(t, n)
}

// LimitReached makes the lowest free number the limit of descriptors, as Limit does.
func LimitReached(t testing.TB) (leave func()) {
	t.Helper()
	lowest := Duplicate(t, 0, 0)
	Must(t, unix.Close(lowest))
	return Limit(t, lowest)
}

// Limit sets the limit to n descriptors until leave is called, or else until the end of the test.
// It skips the test if the system refuses.
func Limit(t testing.TB, n int) (leave func()) {
	t.Helper()
	var limit unix.Rlimit
	Must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	before := limit
	setLimit(&limit, n)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Skipf("this process may not have %d descriptors: %v", n, err)
	}
	// Raising the limit to its old value does not fail.
	leave = func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &before) }
	t.Cleanup(leave)
	return leave
}
