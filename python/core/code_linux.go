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

// Python has handlers of its own to run before an interrupted wait goes on (PEP 475), for which it needs the interpreter's
// lock: so the C half is told of each interruption, runs them, and asks for another wait of the time that is left.
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

// count is the answer of a wait.
func count(n int, err error) int32 {
	if err != nil {
		return -code(err)
	}
	return int32(n)
}

// recovered keeps a panic from ending the interpreter. It is to be deferred.
func recovered(answer *int32, failure int32) {
	if recover() != nil {
		*answer = failure
	}
}

// kept holds what C has a pointer to: it stays where it is, and is not collected.
var kept struct {
	sync.Mutex
	pins map[unsafe.Pointer]*runtime.Pinner
}

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

// iomux_start returns when the Go runtime stands: its threads run and it has installed its signal handlers.
//
//export iomux_start
func iomux_start() {}
