package suite

import (
	"errors"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
	"iomux/internal/sys"
	"iomux/internal/test/wine"
)

var (
	winsock = windows.NewLazySystemDLL("ws2_32.dll")
	accepts = winsock.NewProc("accept")
	ioctl   = winsock.NewProc("ioctlsocket")
)

// start starts Winsock once for the process.
var start = sync.OnceValue(func() error { return windows.WSAStartup(0x202, new(windows.WSAData)) })

// Pipe returns a pair of sockets that is closed at the end of the test. Windows can wait on them as
// other systems can on pipes.
func Pipe(t testing.TB) (r, w int) {
	t.Helper()
	return SocketPair(t, windows.SOCK_STREAM)
}

// peers holds the other end of each socket that SocketPair made.
var peers sync.Map // of int to int

// SocketPair returns a connected pair of non-blocking TCP or UDP sockets that are closed at the end
// of the test.
func SocketPair(t testing.TB, kind int) (a, b int) {
	t.Helper()
	if kind == windows.SOCK_STREAM {
		a, b = TCPPair(t)
	} else {
		a, b = Socket(t, kind), Socket(t, kind)
		to, from := Bind(t, a), Bind(t, b)
		Must(t, errors.Join(connect(a, from), connect(b, to)))
	}
	peers.Store(a, b)
	peers.Store(b, a)
	return a, b
}

// Socket returns a non-blocking TCP or UDP socket that is closed at the end of the test.
func Socket(t testing.TB, kind int) int {
	t.Helper()
	return newSocket(t, windows.AF_INET, kind)
}

func newSocket(t testing.TB, family, kind int) int {
	t.Helper()
	Must(t, start())
	return prepare(t, makeSocket(t, family, kind, nil))
}

// makeSocket calls WSASocket. Under Wine it does so only while nothing is polled, because the Wine
// server crashes if a polled handle has the number of the new socket.
func makeSocket(t testing.TB, family, kind int, info *windows.WSAProtocolInfo) (fd windows.Handle) {
	var err error
	makeIt := func() {
		const flags = windows.WSA_FLAG_OVERLAPPED | windows.WSA_FLAG_NO_HANDLE_INHERIT
		fd, err = windows.WSASocket(int32(family), int32(kind), 0, info, 0, flags)
	}
	if wine.Running() {
		afd.Undisturbed(makeIt)
	} else {
		makeIt()
	}
	Must(t, err)
	return fd
}

// prepare makes a socket non-blocking, with small buffers so that it fills up soon.
func prepare(t testing.TB, socket windows.Handle) int {
	keep(t, int(socket))
	SetBlocking(t, int(socket), false)
	for _, option := range []int{windows.SO_SNDBUF, windows.SO_RCVBUF} {
		Must(t, windows.SetsockoptInt(socket, windows.SOL_SOCKET, option, 16<<10))
	}
	return int(socket)
}

// SetBlocking makes calls on a socket blocking or non-blocking.
func SetBlocking(t testing.TB, fd int, blocking bool) {
	t.Helper()
	const FIONBIO = 0x8004667e
	mode := uint32(1)
	if blocking {
		mode = 0
	}
	if failed, _, errno := syscall.SyscallN(ioctl.Addr(), uintptr(fd), FIONBIO, uintptr(unsafe.Pointer(&mode))); failed != 0 {
		t.Fatal("ioctlsocket:", errno)
	}
}

const errWouldBlock = windows.WSAEWOULDBLOCK

func read(fd int, p []byte) (int, error) {
	var n, flags uint32
	err := windows.WSARecv(windows.Handle(fd), &windows.WSABuf{Len: uint32(len(p)), Buf: unsafe.SliceData(p)}, 1, &n, &flags, nil, nil)
	return int(n), err
}

func write(fd int, p []byte) (int, error) { return send(fd, p, 0) }

func send(fd int, p []byte, flags uint32) (int, error) {
	var n uint32
	err := windows.WSASend(windows.Handle(fd), &windows.WSABuf{Len: uint32(len(p)), Buf: unsafe.SliceData(p)}, 1, &n, flags, nil, nil)
	return int(n), err
}

// closeFD closes a socket or another handle.
func closeFD(fd int) error {
	err := windows.Closesocket(windows.Handle(fd))
	if err == windows.WSAENOTSOCK {
		err = windows.CloseHandle(windows.Handle(fd))
	}
	if peer, ok := peers.LoadAndDelete(fd); ok {
		peers.Delete(peer)
		settle(peer.(int))
	}
	return err
}

// arrived waits until the peer of fd can read the data just sent. Unlike in a pipe, data in a
// connection takes a moment. It also returns if another reader takes the data.
func arrived(fd int) {
	if peer, ok := peers.Load(fd); ok {
		settle(peer.(int))
	}
}

// awaitBytes waits until the given number of bytes can be read from fd. The test must be the only
// reader. It waits longer than arrived, which does not know the number.
func awaitBytes(t testing.TB, fd, bytes int) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		there, errno := unread(fd)
		switch {
		case errno != 0:
			t.Fatal("ioctlsocket:", errno)
		case there >= bytes:
			return
		case time.Since(start) > soon:
			t.Fatalf("the system is at fault, not the tested package: of %d bytes written to socket %d only %d have arrived after %v", bytes, fd, there, soon)
		}
	}
}

// unread returns the number of bytes that can be read from fd.
func unread(fd int) (int, syscall.Errno) {
	const FIONREAD = 0x4004667f
	var n uint32
	failed, _, errno := syscall.SyscallN(ioctl.Addr(), uintptr(fd), FIONREAD, uintptr(unsafe.Pointer(&n)))
	if failed == 0 {
		errno = 0
	}
	return int(n), errno
}

// getsRoom reports whether a full socket gets room after a while. Sent data takes room until the
// peer's system acknowledges it.
func getsRoom(fd int) bool {
	n, _ := ready(fd, Out, 300*time.Millisecond)
	return n > 0
}

func settle(fd int) { _, _ = ready(fd, In, 100*time.Millisecond) }

// ready waits with Winsock's select() until fd is readable or writable.
func ready(fd int, event Events, timeout time.Duration) (int, syscall.Errno) {
	var set sys.SocketSet
	set.Add(fd)
	if event == In {
		return sys.SelectSockets(set, nil, nil, timeout)
	}
	return sys.SelectSockets(nil, set, nil, timeout)
}

// Await waits until fd is readable (In) or writable (Out).
func Await(t testing.TB, fd int, event Events) {
	t.Helper()
	if n, errno := ready(fd, event, soon); n != 1 || errno != 0 {
		t.Fatalf("socket %d did not become ready: %v", fd, errno)
	}
}

// accept waits for a connection and accepts it.
func accept(t testing.TB, listener int) int {
	t.Helper()
	Await(t, listener, In)
	fd, _, errno := syscall.SyscallN(accepts.Addr(), uintptr(listener), 0, 0)
	if windows.Handle(fd) == windows.InvalidHandle {
		t.Fatal("accept:", errno)
	}
	return prepare(t, windows.Handle(fd))
}

// File returns a new regular file.
func File(t testing.TB) int {
	t.Helper()
	path, err := windows.UTF16PtrFromString(filepath.Join(wine.Folder(t), "file"))
	Must(t, err)
	fd, err := windows.CreateFile(path, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.CREATE_NEW, windows.FILE_ATTRIBUTE_NORMAL, 0)
	Must(t, err)
	keep(t, int(fd))
	return int(fd)
}

// ClosedFD returns a number that is not a handle, and that no other open returns soon.
func ClosedFD(testing.TB) int { return 1 << 24 }

// High returns another handle for the socket of fd, and closes it at the end of the test. Windows
// chooses the number.
func High(t testing.TB, fd, from int) int {
	t.Helper()
	twin := Duplicate(t, fd, from)
	keep(t, twin)
	return twin
}

// Duplicate returns another handle for the socket of fd. The caller closes it.
func Duplicate(t testing.TB, fd, _ int) int {
	t.Helper()
	var info windows.WSAProtocolInfo
	Must(t, windows.WSADuplicateSocket(windows.Handle(fd), windows.GetCurrentProcessId(), &info))
	const fromInfo = -1
	return int(makeSocket(t, fromInfo, fromInfo, &info))
}
