package waker_test

import (
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
	"iomux/internal/test/wine"
)

// delivery is how long it may take until a woken waker is readable: a datagram has to arrive.
const delivery = soon

// turns is how often the test clears a waker that other goroutines keep waking.
const turns = 100

// readable reports whether the waker is readable within timeout.
func readable(t *testing.T, fd int, timeout time.Duration) bool {
	t.Helper()
	sockets := []afd.Socket{{Handle: windows.Handle(fd), Events: afd.In}}
	n, err := afd.Wait(sockets, timeout)
	if err != nil || sockets[0].Err != nil || sockets[0].Ready&^afd.In != 0 {
		t.Fatalf("wait: %+v, %v", sockets, err)
	}
	return n != 0
}

// A datagram from another socket does not wake the waker.
func TestOthersCannotWake(t *testing.T) {
	_, fd := newWaker(t)
	address, err := windows.Getsockname(windows.Handle(fd))
	if err != nil {
		t.Fatal(err)
	}
	if err := windows.Sendto(socket(t), []byte{'x'}, 0, address); err != nil {
		t.Fatal("send:", err)
	}
	if readable(t, fd, 50*time.Millisecond) {
		t.Error("another socket woke the waker")
	}
}

// No other socket can take over the waker's port. A port that is merely in use can be taken over.
func TestPortIsExclusive(t *testing.T) {
	_, fd := newWaker(t)
	const soExclusiveAddrUse = ^4
	if n, err := windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, soExclusiveAddrUse); n == 0 || err != nil {
		t.Errorf("SO_EXCLUSIVEADDRUSE is %d, %v", n, err)
	}
	address, err := windows.Getsockname(windows.Handle(fd))
	if err != nil {
		t.Fatal(err)
	}
	if takeOver(t, address) == nil {
		t.Error("another socket took over the port")
	}
	usual := socket(t)
	if err := windows.Bind(usual, &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal("bind:", err)
	}
	if address, err = windows.Getsockname(usual); err != nil {
		t.Fatal(err)
	}
	if err := takeOver(t, address); err != nil {
		wine.Skip(t, "no socket can take over a port that is in use: "+err.Error())
		t.Error("a port that is merely in use cannot be taken over:", err)
	}
}

func takeOver(t *testing.T, address windows.Sockaddr) error {
	t.Helper()
	thief := socket(t)
	if err := windows.SetsockoptInt(thief, windows.SOL_SOCKET, windows.SO_REUSEADDR, 1); err != nil {
		t.Fatal("setsockopt:", err)
	}
	return windows.Bind(thief, address)
}

func socket(t *testing.T) windows.Handle {
	t.Helper()
	fd, err := windows.Socket(windows.AF_INET, windows.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = windows.Closesocket(fd) }) // it is open
	return fd
}

var getHandleInformation = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetHandleInformation")

// Child processes do not inherit the socket.
func TestIsNotInherited(t *testing.T) {
	_, fd := newWaker(t)
	var flags uint32
	ok, _, err := getHandleInformation.Call(uintptr(fd), uintptr(unsafe.Pointer(&flags)))
	if ok == 0 || flags&windows.HANDLE_FLAG_INHERIT != 0 {
		t.Errorf("flags are %#x, %v", flags, err)
	}
}

func TestWakeAndClearDoNotAllocate(t *testing.T) {
	w, _ := newWaker(t)
	if n := testing.AllocsPerRun(100, func() { _, _ = w.Wake(), w.Clear() }); n != 0 {
		t.Errorf("Wake and Clear allocate %v times", n)
	}
}
