package sys

// KernelEvent is struct kevent.
type KernelEvent struct {
	Ident  uintptr
	Filter int16
	Flags  uint16
	Fflags uint32
	_      [4]byte
	Data   int64
	Udata  uintptr
	_      [4]byte
	Ext    [4]uint64
}
