package main

// #include "codes.h"
import "C"

import (
	"time"
	"unsafe"

	"iomux/poll"
)

var _ [C.sizeof_iomux_polled]byte = [unsafe.Sizeof(poll.Event{})]byte{}

//export iomux_poll_new
func iomux_poll_new(object *uintptr) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	*object = keep(poll.New())
	return 0
}

//export iomux_poll_register
func iomux_poll_register(object unsafe.Pointer, fd int32, events uint16) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*poll.Poller)(object).Register(int(fd), poll.Events(events)))
}

//export iomux_poll_modify
func iomux_poll_modify(object unsafe.Pointer, fd int32, events uint16) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*poll.Poller)(object).Modify(int(fd), poll.Events(events)))
}

//export iomux_poll_unregister
func iomux_poll_unregister(object unsafe.Pointer, fd int32) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*poll.Poller)(object).Unregister(int(fd)))
}

//export iomux_poll_poll
func iomux_poll_poll(object, events unsafe.Pointer, room int32, timeout int64) (answer int32) {
	defer recovered(&answer, -C.IOMUX_FAILED)
	return count((*poll.Poller)(object).Poll(unsafe.Slice((*poll.Event)(events), room), time.Duration(timeout)))
}
