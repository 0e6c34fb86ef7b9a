package afd

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/timeout"
)

// Call is used by one goroutine at a time. It keeps its memory between waits, but no handle. Its
// zero value is ready to use.
type Call struct {
	// The driver writes to these. They are allocated separately, because a Call may be on a
	// stack, and stacks move.
	in, out *head // followed by room for targets
	room    int   // number of targets
	status  *windows.IO_STATUS_BLOCK
	index   map[windows.Handle]int // driver's handle to index in the list of sockets

	device windows.Handle
	event  windows.Handle
	waited bool // whether the last poll waited
}

// Poll waits until a socket is ready or the timeout expires, and sets Ready and Err of all entries.
// It returns the number of entries with Ready or Err, which is 0 after a timeout. An entry with an
// Err ends the wait. The list may be empty, and may hold a socket twice.
//
// A negative timeout blocks, zero does not wait, and any other is never shortened. Windows counts
// in ticks of up to 16 ms.
//
// The error is errors.ErrUnsupported if a socket belongs to a layer of another product and is
// unknown to the driver.
func (c *Call) Poll(sockets []Socket, d time.Duration) (n int, err error) {
	device, err := sharedDevice()
	if err != nil {
		return 0, err
	}
	event, err := windows.CreateEvent(nil, 0, 0, nil)
	if err != nil {
		return 0, os.NewSyscallError("CreateEvent", err)
	}
	defer func() { _ = windows.CloseHandle(event) }() // it is open
	c.begin(device, event)
	n, foreign, err := pollList(c, sockets, d)
	if err == nil && foreign > 0 {
		return 0, errForeign
	}
	return n, err
}

var errForeign = fmt.Errorf("afd: a socket of another layer: %w", errors.ErrUnsupported)

// check sets Err of the entries that are not sockets, and the driver's handles of all others.
func (c *Call) check(sockets []Socket) {
	for i := range sockets {
		s := &sockets[i]
		switch {
		case s.Err != nil:
		case s.Handle&^tagBits == c.event:
			s.Err = syscall.EBADF // the event has the number of a closed socket
		default:
			s.base, s.Err = baseOf(s.Handle)
		}
	}
}

func (c *Call) begin(device, event windows.Handle) {
	c.device, c.event = device, event
	if c.status == nil {
		c.status = new(windows.IO_STATUS_BLOCK)
	}
}

func (c *Call) pollOnce(sockets []Socket, left time.Duration) (n int, refusal, err error) {
	known, bad := c.fill(sockets)
	if bad > 0 {
		left = 0
	}
	status, err := c.wait(known, left)
	if err != nil {
		return 0, nil, err
	}
	if status != 0 && status != windows.STATUS_TIMEOUT {
		return 0, os.NewSyscallError("NtDeviceIoControlFile", status.Errno()), nil
	}
	n = c.collect(sockets)
	if n > 0 && c.waited {
		// A poll that has waited reports one condition of one socket. Poll the others as
		// well.
		if status, err := c.wait(known, 0); status == 0 && err == nil {
			n = c.collect(sockets)
		}
	}
	return n, nil, nil
}

// fill writes the driver's list: the sockets without an Err, each of them once. It does not check
// them, because checking each one costs more than the poll.
func (c *Call) fill(sockets []Socket) (known, bad int) {
	c.makeRoom(len(sockets))
	if c.index == nil {
		c.index = make(map[windows.Handle]int)
	}
	clear(c.index)
	c.in.count = uint32(len(sockets))
	list := targets(c.in)
	for i := range sockets {
		s := &sockets[i]
		if s.Err != nil {
			bad++
			continue
		}
		s.next = 0
		events := toDriver(s.Events)
		if first, ok := c.index[s.base]; ok {
			s.place, s.next = sockets[first].place, sockets[first].next
			sockets[first].next = i
			list[s.place].events |= events
			continue
		}
		c.index[s.base], s.place = i, uint32(known)
		list[known] = target{socket: s.base, events: events}
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

// wait makes the driver poll the first known targets of in. The driver writes the result to out.
func (c *Call) wait(known int, left time.Duration) (windows.NTStatus, error) {
	*c.in = head{timeout: ticks(left), count: uint32(known)}
	c.out.count = 0
	if known == 0 {
		sleep(left)
		return windows.STATUS_TIMEOUT, nil
	}
	status := submit(c.device, c.event, 0, c.status, c.in, c.out)
	if c.waited = status == windows.STATUS_PENDING; !c.waited {
		return status, nil // c.status is not set if the call itself has failed
	}
	if _, err := windows.WaitForSingleObject(c.event, windows.INFINITE); err != nil {
		return 0, os.NewSyscallError("WaitForSingleObject", err)
	}
	return c.status.Status, nil
}

func sleep(left time.Duration) {
	ms := uint32(windows.INFINITE)
	if left >= 0 {
		ms = uint32(timeout.Milliseconds(left))
	}
	windows.SleepEx(ms, false)
}

// collect stores the driver's result in the sockets, and returns the number of entries with a
// result.
func (c *Call) collect(sockets []Socket) int {
	for _, ready := range targets(c.out) {
		i, ok := c.index[ready.socket]
		for ok {
			s := &sockets[i]
			if ready.events&localClose != 0 {
				s.Err = syscall.EBADF
			}
			s.Ready |= fromDriver(ready.events, s.Events)
			i, ok = s.next, s.next > 0
		}
	}
	return count(sockets)
}
