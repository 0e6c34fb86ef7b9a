package main

// #include "codes.h"
import "C"

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"iomux/internal/timeout"
	"iomux/poll"
)

// Python must run its signal handlers before an interrupted wait continues (PEP 475), and needs the
// interpreter's lock for it. So an interrupted wait returns to the C half, which runs the handlers
// and waits again for the remaining time.
func init() { timeout.ReturnInterruptions() }

// code returns the number of err for the C half, and 0 for nil.
func code(err error) int32 {
	if err == nil {
		return 0 // without the allocation of errno
	}
	return codeOf(err)
}

func codeOf(err error) int32 {
	var errno syscall.Errno
	switch {
	case errors.Is(err, os.ErrClosed):
		return C.IOMUX_CLOSED
	case errors.Is(err, poll.ErrNotRegistered):
		return C.IOMUX_NOT_REGISTERED
	case errors.As(err, &errno):
		return int32(errno)
	case errors.Is(err, errors.ErrUnsupported):
		return int32(syscall.EOPNOTSUPP)
	}
	return C.IOMUX_FAILED
}

// count returns n, or the negative number of err, for the C half.
func count(n int, err error) int32 {
	if err != nil {
		return -code(err)
	}
	return int32(n)
}

// recovered turns a panic into the answer failure. Functions that C calls defer it.
func recovered(answer *int32, failure int32) {
	if recover() != nil {
		*answer = failure
	}
}

// kept holds the objects that C has pointers to, so that they are neither moved nor collected.
var kept struct {
	sync.Mutex
	pins map[unsafe.Pointer]*runtime.Pinner
}

// keep returns the address of object for C, which is valid until iomux_forget.
func keep[T any](object *T) uintptr {
	pin := new(runtime.Pinner)
	pin.Pin(object)
	kept.Lock()
	defer kept.Unlock()
	if kept.pins == nil {
		kept.pins = make(map[unsafe.Pointer]*runtime.Pinner)
	}
	kept.pins[unsafe.Pointer(object)] = pin
	return uintptr(unsafe.Pointer(object))
}

//export iomux_forget
func iomux_forget(object unsafe.Pointer) {
	kept.Lock()
	defer kept.Unlock()
	if pin, ok := kept.pins[object]; ok {
		pin.Unpin()
		delete(kept.pins, object)
	}
}

// iomux_start returns after the Go runtime has started its threads and installed its signal
// handlers.
//
//export iomux_start
func iomux_start() {}
