package sys

// KernelEvent is struct kevent.
type KernelEvent struct {
	Ident  uintptr
	Filter uint32
	Flags  uint32
	Fflags uint32
	Data   int64
	Udata  uintptr
	_      [4]byte
}
