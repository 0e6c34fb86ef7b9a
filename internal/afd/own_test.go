//go:build windows

package afd_test

import (
	"errors"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
	"iomux/internal/sys"
)

// A closed number may now belong to a handle of the driver, which must not be polled: Wine's server
// would crash, and every test would wait until its timeout.
func TestHandlesOfTheDriver(t *testing.T) {
	p := newPoller(t)
	client, _ := pair(t)
	must(t, p.Register(int(client), afd.In, 0))
	var call afd.Call
	_, err := call.Poll([]afd.Socket{{Handle: client}}, 0)
	must(t, err)
	devices := afd.Devices()
	if len(devices) < 2 {
		t.Fatalf("open are %v, want that of the Calls and one of the Poller", devices)
	}
	for i := range 2 * len(devices) {
		device := devices[i/2] + windows.Handle(i%2) // Windows ignores the two lowest bits
		for name, err := range map[string]error{
			"register":   p.Register(int(device), afd.In, 0),
			"modify":     p.Modify(int(device), afd.In, 0),
			"unregister": p.Unregister(int(device)),
		} {
			// ENOENT is also right, because it is not registered.
			if err != syscall.EBADF && (name == "register" || err != syscall.ENOENT) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, wait := range bothWays {
			list := []afd.Socket{{Handle: client, Events: afd.Out}, {Handle: device, Events: afd.In}}
			n, err := wait(list, -1)
			if n != 2 || err != nil || list[0].Ready != afd.Out || list[0].Err != nil || list[1].Err != syscall.EBADF {
				t.Errorf("%s: %d, %v, %+v", name, n, err, list)
			}
		}
	}
	expectNothing(t, p)
}

// As above, with a registered number.
func TestHandleOfTheDriverTakesOver(t *testing.T) {
	p := newPoller(t)
	client, _ := pair(t)
	must(t, p.Register(int(client), afd.Out, 0))
	expect(t, p, client, afd.Out) // the next wait polls it again
	other := socket(t, windows.SOCK_DGRAM)
	var pollers [20]*afd.Poller
	for i := range pollers {
		pollers[i] = newPoller(t)
	}
	must(t, windows.Closesocket(client))
	for _, another := range pollers {
		must(t, another.Register(int(other), afd.In, 0)) // opens the driver
	}
	if !slices.Contains(afd.Devices(), client) {
		t.Skip("the system does not reuse the number of a closed handle at once")
	}
	expectNothing(t, p)
	for _, err := range []error{p.Register(int(client), afd.In, 0), p.Modify(int(client), afd.In, 0), p.Unregister(int(client))} {
		if err != syscall.EBADF && err != syscall.ENOENT {
			t.Error(err)
		}
	}
	expectNothing(t, p)
}

// TestEventOfACall waits on closed numbers. One may belong to the event of the wait itself, and is
// reported as closed like the others.
func TestEventOfACall(t *testing.T) {
	var closed []afd.Socket
	for n := windows.Handle(3); n < 4096; n += 3 { // some have bits that Windows ignores
		if !sys.IsOpen(int(n)) {
			closed = append(closed, afd.Socket{Handle: n, Events: afd.In})
		}
	}
	var call afd.Call
	n, err := call.Poll(closed, -1)
	if n != len(closed) || err != nil {
		t.Errorf("%d of %d, %v", n, len(closed), err)
	}
	for _, s := range closed {
		// The Go runtime may have opened the number.
		opened := errors.Is(s.Err, errors.ErrUnsupported) && sys.IsOpen(int(s.Handle))
		if s.Err != syscall.EBADF && !opened {
			t.Errorf("number %d: %v", s.Handle, s.Err)
		}
	}
}
