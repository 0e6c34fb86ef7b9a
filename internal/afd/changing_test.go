//go:build windows

package afd_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
)

// changing is a number that belongs to a socket, to a file and to nothing in turn, and sometimes to
// a handle of package afd.
type changing struct{ number atomic.Uintptr }

// change changes the number until stop. It only duplicates handles, because Wine's server crashes
// if a socket is polled while it is being opened.
func (c *changing) change(t *testing.T, stop *atomic.Bool, originals ...windows.Handle) {
	process := windows.CurrentProcess()
	for i := 0; !stop.Load(); i++ {
		var handle windows.Handle
		if err := windows.DuplicateHandle(process, originals[i%len(originals)], process, &handle, 0, false, windows.DUPLICATE_SAME_ACCESS); err != nil {
			t.Error("DuplicateHandle:", err)
			return
		}
		c.number.Store(uintptr(handle))
		if i%5 == 0 {
			time.Sleep(100 * time.Microsecond)
		}
		if err := windows.CloseHandle(handle); err != nil {
			t.Error("CloseHandle:", err)
			return
		}
	}
}

// The owner of a number may change between find and the poll. Such numbers get an Err, and do not
// affect other entries.
func TestWaitOnNumbersThatChange(t *testing.T) {
	overBothWays(t, func(t *testing.T, wait func([]afd.Socket, time.Duration) (int, error)) {
		client, server := pair(t)
		file, err := os.Open(os.Args[0])
		must(t, err)
		defer func() { must(t, file.Close()) }()
		var all [4]changing
		var stop atomic.Bool
		var changers sync.WaitGroup
		for i := range all {
			changers.Go(func() { all[i].change(t, &stop, windows.Handle(file.Fd()), client, windows.Handle(file.Fd()), server) })
		}
		kinds := make(map[error]int)
		for start := time.Now(); time.Since(start) < time.Second && !t.Failed(); {
			list := []afd.Socket{{Handle: client, Events: afd.In}, {Handle: server, Events: afd.Out}}
			for i := range all {
				list = append(list, afd.Socket{Handle: windows.Handle(all[i].number.Load()), Events: afd.In})
			}
			n, err := wait(list, soon)
			if err != nil || list[0].Err != nil || list[0].Ready != 0 || list[1].Err != nil || list[1].Ready != afd.Out {
				t.Errorf("%d, %v, %+v", n, err, list)
			}
			expectQuiet(t, wait, list[1:])
			for _, s := range list[2:] {
				if s.Err != nil && !errors.Is(s.Err, afd.ErrNotSocket) && s.Err != syscall.EBADF {
					t.Error(s.Err)
				}
				kinds[s.Err]++
			}
		}
		stop.Store(true)
		changers.Wait()
		// Wine's select() does not recognize duplicates as sockets.
		if kinds[syscall.EBADF] == 0 || kinds[afd.ErrNotSocket] == 0 {
			t.Errorf("errors are %v, want no sockets and closed ones among them", kinds)
		}
	})
}

// expectQuiet waits for sockets that are not ready. The wait ends early only if a number is not a
// socket.
func expectQuiet(t *testing.T, wait func([]afd.Socket, time.Duration) (int, error), sockets []afd.Socket) {
	t.Helper()
	for i := range sockets {
		sockets[i].Events = afd.Pri
	}
	const moment = 2 * time.Millisecond
	start := time.Now()
	n, err := wait(sockets, moment)
	bad := 0
	for _, s := range sockets {
		if s.Err != nil {
			bad++
		}
	}
	if n != bad || err != nil || n == 0 && time.Since(start) < moment {
		t.Errorf("%d of %d, %v after %v, %+v", n, bad, err, time.Since(start), sockets)
	}
}
