package waker_test

import (
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
	"iomux/internal/test/wine"
)

// atOnce is how long it may take until a bell that was rung is heard: a datagram has to arrive.
const atOnce = soon

// turns is how often a bell is listened to that is being rung all the time.
const turns = 100

// heard reports whether the waker is readable within that time.
func heard(t *testing.T, fd int, timeout time.Duration) bool {
	t.Helper()
	sockets := []afd.Socket{{Handle: windows.Handle(fd), Events: afd.In}}
	n, err := afd.Wait(sockets, timeout)
	if err != nil || sockets[0].Err != nil || sockets[0].Ready&^afd.In != 0 {
		t.Fatalf("wait: %+v, %v", sockets, err)
	}
	return n != 0
}

// What others send to the waker's port does not ring it.
func TestOthersDoNotRing(t *testing.T) {
	_, fd := hang(t)
	address, err := windows.Getsockname(windows.Handle(fd))
	if err != nil {
		t.Fatal(err)
	}
	if err := windows.Sendto(socket(t), []byte{'x'}, 0, address); err != nil {
		t.Fatal("send:", err)
	}
	if heard(t, fd, 50*time.Millisecond) {
		t.Error("a stranger rang")
	}
}

// Nobody gets the waker's port, as others could where it is merely in use.
func TestPortIsExclusive(t *testing.T) {
	_, fd := hang(t)
	const soExclusiveAddrUse = ^4
	if n, err := windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, soExclusiveAddrUse); n == 0 || err != nil {
		t.Errorf("SO_EXCLUSIVEADDRUSE is %d, %v", n, err)
	}
	address, err := windows.Getsockname(windows.Handle(fd))
	if err != nil {
		t.Fatal(err)
	}
	if takeOver(t, address) == nil {
		t.Error("somebody else got the port")
	}
	usual := socket(t)
	if err := windows.Bind(usual, &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal("bind:", err)
	}
	if address, err = windows.Getsockname(usual); err != nil {
		t.Fatal(err)
	}
	if err := takeOver(t, address); err != nil {
		wine.Skip(t, "nobody gets a port that is in use, whatever its options are: "+err.Error())
		t.Error("nobody gets a port that is merely in use:", err)
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

// A child has no use for it.
func TestIsNotInherited(t *testing.T) {
	_, fd := hang(t)
	var flags uint32
	ok, _, err := getHandleInformation.Call(uintptr(fd), uintptr(unsafe.Pointer(&flags)))
	if ok == 0 || flags&windows.HANDLE_FLAG_INHERIT != 0 {
		t.Errorf("flags are %#x, %v", flags, err)
	}
}

func TestRingsDoNotAllocate(t *testing.T) {
	b, _ := hang(t)
	if n := testing.AllocsPerRun(100, func() { b.Wake(); b.Clear() }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}
