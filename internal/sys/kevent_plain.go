//go:build darwin || dragonfly || (openbsd && !arm)

package sys

// KernelEvent is struct kevent.
type KernelEvent struct {
	Ident  uintptr
	Filter int16
	Flags  uint16
	Fflags uint32
	Data   int64
	Udata  uintptr
}
