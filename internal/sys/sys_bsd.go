//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// Constants of macOS and the BSDs.
const (
	PipeBuf     = 512 // PIPE_BUF
	MsgDontWait = unix.MSG_DONTWAIT
)

// KernelEvent has the size, the alignment and the layout of struct kevent. Unlike Kevent_t of
// x/sys, it has no pointer for udata, so the garbage collector never mistakes the caller's number
// for a pointer.
type KernelEvent [unsafe.Sizeof(unix.Kevent_t{}) / wordSize]uintptr

const wordSize = unsafe.Sizeof(uintptr(0))

// Set sets all fields. Fields that are narrower in the kernel lose their upper bits.
func (e *KernelEvent) Set(fields *kevent.Event) {
	*e = KernelEvent{}
	kernel := e.kernel()
	convert(&kernel.Ident, fields.Ident)
	convert(&kernel.Filter, fields.Filter)
	convert(&kernel.Flags, fields.Flags)
	convert(&kernel.Fflags, fields.Fflags)
	convert(&kernel.Data, fields.Data)
	convert(e.udata(), fields.Udata)
}

// Get returns all fields.
func (e *KernelEvent) Get(fields *kevent.Event) {
	kernel := e.kernel()
	convert(&fields.Ident, kernel.Ident)
	convert(&fields.Filter, kernel.Filter)
	convert(&fields.Flags, kernel.Flags)
	convert(&fields.Fflags, kernel.Fflags)
	convert(&fields.Data, kernel.Data)
	convert(&fields.Udata, *e.udata())
}

func (e *KernelEvent) kernel() *unix.Kevent_t { return (*unix.Kevent_t)(unsafe.Pointer(e)) }

func (e *KernelEvent) udata() *uintptr { return &e[unsafe.Offsetof(unix.Kevent_t{}.Udata)/wordSize] }

type integer interface {
	~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64 | ~uintptr
}

func convert[To, From integer](to *To, from From) { *to = To(from) }

// Kqueue wraps kqueue(2). The descriptor is close-on-exec.
func Kqueue() (int, syscall.Errno) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Kqueue()
	if err != nil {
		return -1, Errno(err)
	}
	unix.CloseOnExec(fd)
	return fd, 0
}

// Kevent wraps kevent(2). A negative timeout blocks.
func Kevent(kq int, changes, events []KernelEvent, timeout time.Duration) (int, syscall.Errno) {
	var left *unix.Timespec
	if timeout >= 0 {
		ts := unix.NsecToTimespec(int64(timeout))
		left = &ts
	}
	n, err := unix.Kevent(kq, kevents(changes), kevents(events), left)
	return max(n, 0), Errno(err)
}

// kevents returns the same memory with the type of x/sys.
func kevents(events []KernelEvent) []unix.Kevent_t {
	return unsafe.Slice((*unix.Kevent_t)(unsafe.Pointer(unsafe.SliceData(events))), len(events))
}

// The size of struct kevent is a multiple of the word size, and udata is one word.
const _ = -(unsafe.Sizeof(unix.Kevent_t{}) % wordSize) -
	(unsafe.Sizeof(unix.Kevent_t{}.Udata) ^ wordSize) -
	(unsafe.Offsetof(unix.Kevent_t{}.Udata) % wordSize)
