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

// start starts Winsock, which stays as long as the process.
var start = sync.OnceValue(func() error { return windows.WSAStartup(0x202, new(windows.WSAData)) })

// Pipe makes a pair of sockets, which Windows can wait on as others can on pipes. The end of the
// test closes it.
func Pipe(t testing.TB) (r, w int) {
	t.Helper()
	return SocketPair(t, windows.SOCK_STREAM)
}

// peers are the other ends of what SocketPair made.
var peers sync.Map // of int to int

// SocketPair makes a connected pair of non-blocking TCP or UDP sockets that the end of the test
// closes.
func SocketPair(t testing.TB, kind int) (a, b int) {
	t.Helper()
	if kind == windows.SOCK_STREAM {
		a, b = TCPPair(t)
	} else {
		a, b = Socket(t, kind), Socket(t, kind)
		to, from := Bind(t, a), Bind(t, b)
		must(t, errors.Join(connect(a, from), connect(b, to)))
	}
	peers.Store(a, b)
	peers.Store(b, a)
	return a, b
}

// Socket makes a non-blocking TCP or UDP socket that the end of the test closes.
func Socket(t testing.TB, kind int) int {
	t.Helper()
	return newSocket(t, windows.AF_INET, kind)
}

func newSocket(t testing.TB, family, kind int) int {
	t.Helper()
	must(t, start())
	return prepare(t, makeSocket(t, family, kind, nil))
}

// makeSocket is WSASocket, by Wine while nothing is polled: its server dies where what is polled
// has the number of a socket that is being made.
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
	must(t, err)
	return fd
}

// prepare makes a socket non-blocking, with room for little so that it is soon full.
func prepare(t testing.TB, socket windows.Handle) int {
	keep(t, int(socket))
	SetBlocking(t, int(socket), false)
	for _, option := range []int{windows.SO_SNDBUF, windows.SO_RCVBUF} {
		must(t, windows.SetsockoptInt(socket, windows.SOL_SOCKET, option, 16<<10))
	}
	return int(socket)
}

// SetBlocking makes calls on a socket wait, or not.
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

// arrived waits until the peer of fd can read what was sent to it: unlike a pipe's, it is on its
// way for a moment. Where somebody else takes it meanwhile, that moment is over, too.
func arrived(fd int) {
	if peer, ok := peers.Load(fd); ok {
		settle(peer.(int))
	}
}

// awaitBytes waits until that many bytes can be read from fd, for a test that nobody else takes
// them from. On a busy machine they may take longer than a test can wait that does not know what is
// to come, see arrived.
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
			t.Fatalf("the system, not what is tested: of %d bytes written to socket %d no more than %d have arrived after %v", bytes, fd, there, soon)
		}
	}
}

// unread is how many bytes can be read from fd.
func unread(fd int) (int, syscall.Errno) {
	const FIONREAD = 0x4004667f
	var n uint32
	failed, _, errno := syscall.SyscallN(ioctl.Addr(), uintptr(fd), FIONREAD, uintptr(unsafe.Pointer(&n)))
	if failed == 0 {
		errno = 0
	}
	return int(n), errno
}

// getsRoom reports whether a full socket has room after a while: what it has sent takes room until
// the peer's system says that it has come, for which it takes its time.
func getsRoom(fd int) bool {
	n, _ := ready(fd, Out, 300*time.Millisecond)
	return n > 0
}

func settle(fd int) { _, _ = ready(fd, In, 100*time.Millisecond) }

// ready waits by Winsock's select() until fd can be read from or written to.
func ready(fd int, event Events, timeout time.Duration) (int, syscall.Errno) {
	var set sys.SocketSet
	set.Add(fd)
	if event == In {
		return sys.SelectSockets(set, nil, nil, timeout)
	}
	return sys.SelectSockets(nil, set, nil, timeout)
}

// Await waits until fd can be read from (In) or written to (Out), which a test needs before it
// begins.
func Await(t testing.TB, fd int, event Events) {
	t.Helper()
	if n, errno := ready(fd, event, soon); n != 1 || errno != 0 {
		t.Fatalf("socket %d did not become ready: %v", fd, errno)
	}
}

// accept waits for a connection, and takes it.
func accept(t testing.TB, listener int) int {
	t.Helper()
	Await(t, listener, In)
	fd, _, errno := syscall.SyscallN(accepts.Addr(), uintptr(listener), 0, 0)
	if windows.Handle(fd) == windows.InvalidHandle {
		t.Fatal("accept:", errno)
	}
	return prepare(t, windows.Handle(fd))
}

// File makes a regular file.
func File(t testing.TB) int {
	t.Helper()
	path, err := windows.UTF16PtrFromString(filepath.Join(wine.Folder(t), "file"))
	must(t, err)
	fd, err := windows.CreateFile(path, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.CREATE_NEW, windows.FILE_ATTRIBUTE_NORMAL, 0)
	must(t, err)
	keep(t, int(fd))
	return int(fd)
}

// ClosedFD is a number that is no handle, and that nothing opened meanwhile gets.
func ClosedFD(testing.TB) int { return 1 << 24 }

// High makes another handle for the socket of fd, and closes it in the end. Handles have the
// numbers that the system likes.
func High(t testing.TB, fd, from int) int {
	t.Helper()
	twin := Duplicate(t, fd, from)
	keep(t, twin)
	return twin
}

// Duplicate makes another handle for the socket of fd. It is the caller's to close.
func Duplicate(t testing.TB, fd, _ int) int {
	t.Helper()
	var info windows.WSAProtocolInfo
	must(t, windows.WSADuplicateSocket(windows.Handle(fd), windows.GetCurrentProcessId(), &info))
	const fromInfo = -1
	return int(makeSocket(t, fromInfo, fromInfo, &info))
}
