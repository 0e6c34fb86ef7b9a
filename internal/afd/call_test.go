//go:build windows

package afd_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
	"iomux/internal/test/suite"
)

const (
	soon  = 30 * time.Second
	quiet = 20 * time.Millisecond
)

var must = suite.Must

func socket(t testing.TB, kind int) windows.Handle {
	t.Helper()
	must(t, afd.Startup())
	s, err := windows.WSASocket(windows.AF_INET, int32(kind), 0, nil, 0, windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	must(t, err)
	t.Cleanup(func() { _ = windows.Closesocket(s) }) // the test may have closed it
	return s
}

func loopback() *windows.SockaddrInet4 { return &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}} }

func listen(t testing.TB) (windows.Handle, windows.Sockaddr) {
	t.Helper()
	s := socket(t, windows.SOCK_STREAM)
	must(t, windows.Bind(s, loopback()))
	must(t, windows.Listen(s, 64))
	address, err := windows.Getsockname(s)
	must(t, err)
	return s, address
}

func pair(t testing.TB) (client, server windows.Handle) {
	t.Helper()
	listener, address := listen(t)
	defer func() { must(t, windows.Closesocket(listener)) }()
	client = socket(t, windows.SOCK_STREAM)
	must(t, windows.Connect(client, address))
	return client, accepted(t, listener)
}

var acceptProc = windows.NewLazySystemDLL("ws2_32.dll").NewProc("accept")

func accepted(t testing.TB, listener windows.Handle) windows.Handle {
	t.Helper()
	s, _, err := acceptProc.Call(uintptr(listener), 0, 0)
	if windows.Handle(s) == windows.InvalidHandle {
		t.Fatal("accept:", err)
	}
	t.Cleanup(func() { _ = windows.Closesocket(windows.Handle(s)) })
	return windows.Handle(s)
}

func write(t testing.TB, s windows.Handle) {
	t.Helper()
	text := [1]byte{'x'}
	buffer := windows.WSABuf{Len: 1, Buf: &text[0]}
	var n uint32
	must(t, windows.WSASend(s, &buffer, 1, &n, 0, nil, nil))
}

// writeLater writes a byte after quiet, and closes the result when the call has returned. Until
// then Wine reports that the socket has no room.
func writeLater(t testing.TB, s windows.Handle) <-chan struct{} {
	sent := make(chan struct{})
	time.AfterFunc(quiet, func() {
		defer close(sent)
		write(t, s)
	})
	return sent
}

func drain(t testing.TB, s windows.Handle) {
	t.Helper()
	var text [64]byte
	buffer := windows.WSABuf{Len: uint32(len(text)), Buf: &text[0]}
	var n, flags uint32
	must(t, windows.WSARecv(s, &buffer, 1, &n, &flags, nil, nil))
}

func TestCall(t *testing.T) {
	client, server := pair(t)
	var call afd.Call
	sockets := []afd.Socket{{Handle: client, Events: afd.In}, {Handle: server, Events: afd.In | afd.Pri}}
	for range 3 {
		start := time.Now()
		if n, err := call.Poll(sockets, quiet); n != 0 || err != nil || time.Since(start) < quiet {
			t.Errorf("Poll: %d, %v after %v", n, err, time.Since(start))
		}
		sent := writeLater(t, client)
		if n, err := call.Poll(sockets, -1); n != 1 || err != nil || sockets[1].Ready != afd.In || sockets[0].Ready != 0 {
			t.Errorf("Poll: %d, %v, %+v", n, err, sockets)
		}
		<-sent
		drain(t, server)
	}
	sockets = append(sockets, afd.Socket{Handle: client, Events: afd.Out}, afd.Socket{Handle: client, Events: afd.Out | afd.In})
	if n, err := call.Poll(sockets, 0); n != 2 || err != nil || sockets[1].Ready != 0 || sockets[2].Ready != afd.Out || sockets[3].Ready != afd.Out {
		t.Errorf("Poll: %d, %v, %+v", n, err, sockets)
	}
}

func TestCallOfWhatIsNoSocket(t *testing.T) {
	client, server := pair(t)
	file, err := os.Open(os.Args[0])
	must(t, err)
	defer func() { must(t, file.Close()) }()
	r, w, err := os.Pipe()
	must(t, err)
	defer func() { _, _ = r.Close(), w.Close() }()
	must(t, windows.Closesocket(server))
	var call afd.Call
	sockets := []afd.Socket{
		{Handle: windows.Handle(file.Fd()), Events: afd.In}, {Handle: client, Events: afd.Out}, {Handle: windows.Handle(r.Fd())},
		{Handle: server, Events: afd.In}, {Handle: windows.CurrentProcess()}, {Handle: 0},
		{Handle: client, Events: afd.Out}, {Handle: client, Events: afd.Out},
	}
	n, err := call.Poll(sockets, -1)
	if n != len(sockets) || err != nil || sockets[1].Ready != afd.Out || sockets[1].Err != nil {
		t.Errorf("Poll: %d, %v, %+v", n, err, sockets)
	}
	for _, i := range []int{0, 2} {
		if !errors.Is(sockets[i].Err, afd.ErrNotSocket) || !errors.Is(sockets[i].Err, errors.ErrUnsupported) || !errors.Is(sockets[i].Err, windows.WSAENOTSOCK) {
			t.Error(i, sockets[i].Err)
		}
	}
	for _, i := range []int{3, 5} {
		if !errors.Is(sockets[i].Err, syscall.EBADF) {
			t.Error(i, sockets[i].Err)
		}
	}
}

func TestCallOfNothing(t *testing.T) {
	var call afd.Call
	start := time.Now()
	if n, err := call.Poll(nil, quiet); n != 0 || err != nil || time.Since(start) < quiet {
		t.Errorf("Poll: %d, %v after %v", n, err, time.Since(start))
	}
	if n, err := call.Poll(nil, 0); n != 0 || err != nil {
		t.Errorf("Poll: %d, %v", n, err)
	}
}

func TestSocketClosedUnderACall(t *testing.T) {
	client, _ := pair(t)
	var call afd.Call
	time.AfterFunc(quiet, func() { _ = windows.Closesocket(client) })
	sockets := []afd.Socket{{Handle: client, Events: afd.In}}
	if n, err := call.Poll(sockets, soon); n != 1 || err != nil || !errors.Is(sockets[0].Err, syscall.EBADF) {
		t.Errorf("Poll: %d, %v, %+v", n, err, sockets)
	}
}

func TestCallOfMany(t *testing.T) {
	var call afd.Call
	var sockets []afd.Socket
	for range 1500 {
		client, server := pair(t)
		sockets = append(sockets, afd.Socket{Handle: client, Events: afd.In}, afd.Socket{Handle: server, Events: afd.In})
	}
	for _, i := range []int{0, 1500, 2999} {
		write(t, sockets[i^1].Handle)
		if n, err := call.Poll(sockets, soon); n != 1 || err != nil || sockets[i].Ready != afd.In {
			t.Errorf("Poll: %d, %v", n, err)
		}
		drain(t, sockets[i].Handle)
	}
	writer := sockets[0].Handle
	time.AfterFunc(quiet, func() { write(t, writer) })
	if n, err := call.Poll(sockets, soon); n != 1 || err != nil || sockets[1].Ready != afd.In {
		t.Errorf("Poll: %d, %v", n, err)
	}
}
