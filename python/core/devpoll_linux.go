package main

// #include "codes.h"
import "C"

import (
	"time"
	"unsafe"

	"iomux/devpoll"
)

var _ [C.sizeof_iomux_polled]byte = [unsafe.Sizeof(devpoll.Event{})]byte{}

//export iomux_devpoll_new
func iomux_devpoll_new(object *uintptr, fd *int32) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	poller, err := devpoll.New()
	if err != nil {
		return code(err)
	}
	*object, *fd = keep(poller), int32(poller.FD())
	return 0
}

//export iomux_devpoll_register
func iomux_devpoll_register(object unsafe.Pointer, fd int32, events uint16) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*devpoll.Poller)(object).Register(int(fd), devpoll.Events(events)))
}

//export iomux_devpoll_modify
func iomux_devpoll_modify(object unsafe.Pointer, fd int32, events uint16) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*devpoll.Poller)(object).Modify(int(fd), devpoll.Events(events)))
}

//export iomux_devpoll_unregister
func iomux_devpoll_unregister(object unsafe.Pointer, fd int32) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*devpoll.Poller)(object).Unregister(int(fd)))
}

//export iomux_devpoll_length
func iomux_devpoll_length(object unsafe.Pointer) int32 { return int32((*devpoll.Poller)(object).Len()) }

//export iomux_devpoll_poll
func iomux_devpoll_poll(object, events unsafe.Pointer, room int32, timeout int64) (answer int32) {
	defer recovered(&answer, -C.IOMUX_FAILED)
	return count((*devpoll.Poller)(object).Poll(unsafe.Slice((*devpoll.Event)(events), room), time.Duration(timeout)))
}

//export iomux_devpoll_close
func iomux_devpoll_close(object unsafe.Pointer) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*devpoll.Poller)(object).Close())
}
