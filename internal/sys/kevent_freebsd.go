package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Unlike Go, C aligns 64-bit fields to 8 bytes on 32-bit ARM.
const (
	keventBeforeData = unsafe.Offsetof(unix.Kevent_t{}.Data) - unsafe.Offsetof(unix.Kevent_t{}.Fflags) - 4
	keventBeforeExt  = unsafe.Offsetof(unix.Kevent_t{}.Ext) - unsafe.Offsetof(unix.Kevent_t{}.Udata) -
		unsafe.Sizeof(uintptr(0))
)

// KernelEvent is struct kevent.
type KernelEvent struct {
	Ident  uintptr
	Filter int16
	Flags  uint16
	Fflags uint32
	_      [keventBeforeData]byte
	Data   int64
	Udata  uintptr
	_      [keventBeforeExt]byte
	Ext    [4]uint64
}
