//go:build !arm

package sys

// KernelEvent is struct kevent.
type KernelEvent struct {
	Ident  uintptr
	Filter int16
	Flags  uint16
	Fflags uint32
	Data   int64
	Udata  uintptr
	Ext    [4]uint64
}
