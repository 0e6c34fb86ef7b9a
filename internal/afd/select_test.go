//go:build windows

package afd_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
)

// bothWays holds Wait and BySelect, which Wait uses for sockets that the driver does not support.
var bothWays = map[string]func([]afd.Socket, time.Duration) (int, error){"Wait": afd.Wait, "BySelect": afd.BySelect}

func overBothWays(t *testing.T, test func(t *testing.T, wait func([]afd.Socket, time.Duration) (int, error))) {
	for name, wait := range bothWays {
		t.Run(name, func(t *testing.T) { test(t, wait) })
	}
}

func TestWait(t *testing.T) {
	overBothWays(t, func(t *testing.T, wait func([]afd.Socket, time.Duration) (int, error)) {
		client, server := pair(t)
		list := []afd.Socket{{Handle: client, Events: afd.In}, {Handle: server, Events: afd.In | afd.Pri}, {Handle: server}}
		start := time.Now()
		if n, err := wait(list, quiet); n != 0 || err != nil || time.Since(start) < quiet {
			t.Errorf("nothing is ready: %d, %v after %v", n, err, time.Since(start))
		}
		sent := writeLater(t, client)
		if n, err := wait(list, -1); n != 1 || err != nil || list[1].Ready != afd.In {
			t.Errorf("a byte has come: %d, %v, %+v", n, err, list)
		}
		<-sent
		list = append(list, afd.Socket{Handle: client, Events: afd.Out})
		if n, err := wait(list, soon); n != 2 || err != nil || list[3].Ready != afd.Out {
			t.Errorf("there is room: %d, %v, %+v", n, err, list)
		}
	})
}

func TestWaitOnNothingSleeps(t *testing.T) {
	overBothWays(t, func(t *testing.T, wait func([]afd.Socket, time.Duration) (int, error)) {
		start := time.Now()
		if n, err := wait(nil, quiet); n != 0 || err != nil || time.Since(start) < quiet {
			t.Errorf("%d, %v after %v", n, err, time.Since(start))
		}
		if n, err := wait(nil, 0); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

func TestWaitOnUrgentData(t *testing.T) {
	overBothWays(t, func(t *testing.T, wait func([]afd.Socket, time.Duration) (int, error)) {
		client, server := pair(t)
		list := []afd.Socket{{Handle: server, Events: afd.In | afd.Pri}}
		text := [1]byte{'!'}
		var n uint32
		must(t, windows.WSASend(client, &windows.WSABuf{Len: 1, Buf: &text[0]}, 1, &n, windows.MSG_OOB, nil, nil))
		if n, err := wait(list, soon); n != 1 || err != nil || list[0].Ready != afd.Pri {
			t.Errorf("%d, %v, %+v", n, err, list)
		}
	})
}

func TestWaitOnARefusedConnection(t *testing.T) {
	overBothWays(t, func(t *testing.T, wait func([]afd.Socket, time.Duration) (int, error)) {
		listener, address := listen(t)
		must(t, windows.Closesocket(listener))
		client := socket(t, windows.SOCK_STREAM)
		mode := uint32(1)
		ioctl := windows.NewLazySystemDLL("ws2_32.dll").NewProc("ioctlsocket")
		if failed, _, err := ioctl.Call(uintptr(client), 0x8004667e, uintptr(unsafe.Pointer(&mode))); failed != 0 {
			t.Fatal("ioctlsocket:", err)
		}
		if err := windows.Connect(client, address); err != windows.WSAEWOULDBLOCK {
			t.Fatal("connect:", err)
		}
		list := []afd.Socket{{Handle: client, Events: afd.In | afd.Out}}
		if n, err := wait(list, soon); n != 1 || err != nil || list[0].Ready != afd.In|afd.Out|afd.Err {
			t.Errorf("%d, %v, %+v", n, err, list)
		}
	})
}

func TestWaitOnWhatIsNoSocket(t *testing.T) {
	overBothWays(t, func(t *testing.T, wait func([]afd.Socket, time.Duration) (int, error)) {
		client, _ := pair(t)
		r, w, err := os.Pipe()
		must(t, err)
		defer func() { must(t, errors.Join(r.Close(), w.Close())) }()
		list := []afd.Socket{{Handle: client, Events: afd.In}, {Handle: windows.Handle(r.Fd()), Events: afd.In}, {Handle: 1 << 24}}
		n, err := wait(list, -1)
		if n != 2 || err != nil || list[0].Err != nil || !errors.Is(list[1].Err, afd.ErrNotSocket) || !errors.Is(list[2].Err, syscall.EBADF) {
			t.Errorf("%d, %v, %+v", n, err, list)
		}
	})
}

// Winsock may report a closed socket as readable. Reading from it then fails.
func TestClosingASocketEndsAWait(t *testing.T) {
	overBothWays(t, func(t *testing.T, wait func([]afd.Socket, time.Duration) (int, error)) {
		closed, other := pair(t)
		time.AfterFunc(quiet, func() { _ = windows.Closesocket(closed) })
		list := []afd.Socket{{Handle: other, Events: afd.Pri}, {Handle: closed, Events: afd.In}}
		if n, err := wait(list, soon); n != 1 || err != nil || list[0].Err != nil ||
			list[1].Err != syscall.EBADF && list[1].Ready != afd.In {
			t.Errorf("%d, %v, %+v", n, err, list)
		}
	})
}
