package main

// #include "codes.h"
import "C"

import (
	"time"
	"unsafe"

	"iomux/epoll"
)

// The package and the C half share the kernel's structure, so events are not copied.
var _ [C.sizeof_struct_epoll_event]byte = [unsafe.Sizeof(epoll.Event{})]byte{}

//export iomux_epoll_new
func iomux_epoll_new(object *uintptr, fd *int32) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	poller, err := epoll.New()
	if err != nil {
		return code(err)
	}
	*object, *fd = keep(poller), int32(poller.FD())
	return 0
}

//export iomux_epoll_adopt
func iomux_epoll_adopt(fd int32, object *uintptr) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	poller, err := epoll.FromFD(int(fd))
	if err != nil {
		return code(err)
	}
	*object = keep(poller)
	return 0
}

//export iomux_epoll_register
func iomux_epoll_register(object unsafe.Pointer, fd int32, events uint32) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*epoll.Poller)(object).Register(int(fd), epoll.Events(events)))
}

//export iomux_epoll_modify
func iomux_epoll_modify(object unsafe.Pointer, fd int32, events uint32) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*epoll.Poller)(object).Modify(int(fd), epoll.Events(events)))
}

//export iomux_epoll_unregister
func iomux_epoll_unregister(object unsafe.Pointer, fd int32) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*epoll.Poller)(object).Unregister(int(fd)))
}

//export iomux_epoll_poll
func iomux_epoll_poll(object, events unsafe.Pointer, room int32, timeout int64) (answer int32) {
	defer recovered(&answer, -C.IOMUX_FAILED)
	return count((*epoll.Poller)(object).Poll(unsafe.Slice((*epoll.Event)(events), room), time.Duration(timeout)))
}

//export iomux_epoll_close
func iomux_epoll_close(object unsafe.Pointer) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*epoll.Poller)(object).Close())
}
