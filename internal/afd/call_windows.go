package afd

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/timeout"
)

// Socket is one of those that a Call waits on.
type Socket struct {
	Handle windows.Handle
	Events Events // what to wait for
	Ready  Events // what is ready
	// Err tells why the handle cannot be waited on: ErrNotSocket, or EBADF where it is not open, or was closed meanwhile.
	Err error

	place uint32 // in the driver's list
	twin  int    // where the same one comes again, 0 for nowhere
}

// Call is a wait for one goroutine at a time, which another one can end. It keeps its memory for the next wait, and no handle.
// The zero value is ready to use.
type Call struct {
	// What the driver writes to is apart, since a Call may be on a stack, and stacks move.
	in, out *head // with room for the targets
	room    int   // of these
	status  *windows.IO_STATUS_BLOCK
	index   map[windows.Handle]int // of a driver's handle in the list of sockets

	mu      sync.Mutex // over these, and the beginning of a poll
	closed  bool
	device  windows.Handle
	event   windows.Handle // 0 while nobody waits
	polling bool           // and not just sleeping
	waited  bool           // the last poll had to
}

// Poll waits until one of the sockets is ready or the timeout has passed, and sets Ready and Err of all. It returns how many have
// something there, 0 after a timeout. What cannot be waited on counts, and makes the others be looked at without waiting. There
// may be none at all, and the same one twice.
//
// A negative timeout blocks, zero does not wait, any other is never shortened; Windows counts in ticks of up to 16 ms.
//
// Errors: os.ErrClosed after Close; what the driver fails with where a layer of some product gives out sockets that it does not
// know.
func (c *Call) Poll(sockets []Socket, d time.Duration) (n int, err error) {
	device, err := sharedDevice()
	if err != nil {
		return 0, err
	}
	event, err := windows.CreateEvent(nil, 0, 0, nil)
	if err != nil {
		return 0, os.NewSyscallError("CreateEvent", err)
	}
	if err := c.begin(device, event); err != nil {
		return 0, errors.Join(err, windows.CloseHandle(event))
	}
	defer c.end()
	refusals := 0
	for countdown := timeout.Start(d); ; {
		left := countdown.Left()
		known, bad := c.fill(sockets, refusals > 0)
		if bad > 0 {
			left = 0
		}
		status, err := c.wait(known, left)
		switch {
		case err != nil:
			return 0, err
		case status != 0 && status != windows.STATUS_TIMEOUT:
			// Asked for one by one, the sockets are good, unless one of them is closed right now.
			if refusals++; refusals == 3 {
				return 0, os.NewSyscallError("NtDeviceIoControlFile", status.Errno())
			}
			continue
		}
		n := c.collect(sockets)
		if n > 0 && c.waited {
			// Who wakes us tells of one socket, and of one thing that has happened there. The others are worth a look.
			if status, err := c.wait(known, 0); status == 0 && err == nil {
				n = c.collect(sockets)
			}
		}
		if !countdown.Again(n, 0) {
			return n, nil
		}
	}
}

// Close ends the Poll under way, and all later ones, with os.ErrClosed. It may be called from any goroutine.
func (c *Call) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	switch {
	case c.event == 0:
	case c.polling:
		cancel(c.device, c.status)
	default:
		_ = windows.SetEvent(c.event) // it is open, since we hold the lock
	}
}

func (c *Call) begin(device, event windows.Handle) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return os.ErrClosed
	}
	c.device, c.event = device, event
	if c.status == nil {
		c.status = new(windows.IO_STATUS_BLOCK)
	}
	return nil
}

func (c *Call) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = windows.CloseHandle(c.event) // it is open, since nobody else knows it
	c.event = 0
}

// fill makes the driver's list of the sockets, each one once. Only if it has to ask does it find out which of them can be waited
// on, since one question more for each of them costs more than the poll of all.
func (c *Call) fill(sockets []Socket, ask bool) (known, bad int) {
	c.makeRoom(len(sockets))
	if c.index == nil {
		c.index = make(map[windows.Handle]int)
	}
	clear(c.index)
	c.in.count = uint32(len(sockets))
	list := targets(c.in)
	for i := range sockets {
		s := &sockets[i]
		*s = Socket{Handle: s.Handle, Events: s.Events}
		base := s.Handle
		switch {
		case !ask:
		case base&^tagBits == c.event:
			s.Err = syscall.EBADF // a number that was closed, and is ours now
		default:
			base, s.Err = find(s.Handle)
		}
		if s.Err != nil {
			bad++
			continue
		}
		events := toDriver(s.Events)
		if first, ok := c.index[base]; ok {
			s.place, s.twin = sockets[first].place, sockets[first].twin
			sockets[first].twin = i
			list[s.place].events |= events
			continue
		}
		c.index[base], s.place = i, uint32(known)
		list[known] = target{socket: base, events: events}
		known++
	}
	return known, bad
}

func (c *Call) makeRoom(sockets int) {
	if sockets = max(sockets, 1); c.room < sockets {
		words := int(unsafe.Sizeof(head{})+uintptr(sockets)*unsafe.Sizeof(target{})+7) / 8
		c.in = (*head)(unsafe.Pointer(unsafe.SliceData(make([]uint64, words))))
		c.out = (*head)(unsafe.Pointer(unsafe.SliceData(make([]uint64, words))))
		c.room = sockets
	}
}

// wait asks the driver about the first targets of its list, and leaves what it says in out.
func (c *Call) wait(known int, left time.Duration) (windows.NTStatus, error) {
	*c.in = head{timeout: ticks(left), count: uint32(known)}
	c.out.count = 0
	if known == 0 {
		return windows.STATUS_TIMEOUT, c.sleep(left)
	}
	if err := c.submit(); err != nil {
		return 0, err
	}
	if c.waited {
		if _, err := windows.WaitForSingleObject(c.event, windows.INFINITE); err != nil {
			return 0, os.NewSyscallError("WaitForSingleObject", err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polling = false
	if c.closed {
		return 0, os.ErrClosed
	}
	return c.status.Status, nil
}

func (c *Call) submit() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return os.ErrClosed
	}
	c.polling = true
	status := submit(c.device, c.event, 0, c.status, c.in, c.out)
	if c.waited = status == windows.STATUS_PENDING; !c.waited {
		c.status.Status = status // which is not there where the call itself has failed
	}
	return nil
}

// sleep waits for the end of the time, or Close.
func (c *Call) sleep(left time.Duration) error {
	ms := uint32(windows.INFINITE)
	if left >= 0 {
		ms = uint32(timeout.Milliseconds(left))
	}
	if _, err := windows.WaitForSingleObject(c.event, ms); err != nil {
		return os.NewSyscallError("WaitForSingleObject", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return os.ErrClosed
	}
	return nil
}

// collect adds what the driver has told to the sockets, and returns how many have something there.
func (c *Call) collect(sockets []Socket) (n int) {
	for _, ready := range targets(c.out) {
		i, ok := c.index[ready.socket]
		for ok {
			s := &sockets[i]
			if ready.events&localClose != 0 {
				s.Err = syscall.EBADF
			}
			s.Ready |= fromDriver(ready.events, s.Events)
			i, ok = s.twin, s.twin > 0
		}
	}
	for i := range sockets {
		if sockets[i].Ready != 0 || sockets[i].Err != nil {
			n++
		}
	}
	return n
}
