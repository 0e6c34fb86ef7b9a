package sys

// KernelEvent is struct kevent. Unlike Go, C aligns 64-bit fields to 8 bytes on 32-bit ARM.
type KernelEvent struct {
	Ident  uintptr
	Filter int16
	Flags  uint16
	Fflags uint32
	_      [4]byte
	Data   int64
	Udata  uintptr
	_      [4]byte
}
