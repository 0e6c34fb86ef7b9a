//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

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
	n, err := unix.Kevent(kq, kernelEvents(changes), kernelEvents(events), left)
	return max(n, 0), Errno(err)
}

// kernelEvents returns events as x/sys takes them. The type of x/sys has a pointer for the user's
// number. The memory keeps the type KernelEvent, so that the garbage collector never sees that
// number as a pointer.
func kernelEvents(events []KernelEvent) []unix.Kevent_t {
	return unsafe.Slice((*unix.Kevent_t)(unsafe.Pointer(unsafe.SliceData(events))), len(events))
}

// KernelEvent has the kernel's layout, which is that of x/sys. Another layout does not compile.
const _ = -(unsafe.Sizeof(KernelEvent{}) ^ unsafe.Sizeof(unix.Kevent_t{})) -
	(unsafe.Offsetof(KernelEvent{}.Ident) ^ unsafe.Offsetof(unix.Kevent_t{}.Ident)) -
	(unsafe.Offsetof(KernelEvent{}.Filter) ^ unsafe.Offsetof(unix.Kevent_t{}.Filter)) -
	(unsafe.Offsetof(KernelEvent{}.Flags) ^ unsafe.Offsetof(unix.Kevent_t{}.Flags)) -
	(unsafe.Offsetof(KernelEvent{}.Fflags) ^ unsafe.Offsetof(unix.Kevent_t{}.Fflags)) -
	(unsafe.Offsetof(KernelEvent{}.Data) ^ unsafe.Offsetof(unix.Kevent_t{}.Data)) -
	(unsafe.Offsetof(KernelEvent{}.Udata) ^ unsafe.Offsetof(unix.Kevent_t{}.Udata)) -
	(unsafe.Sizeof(KernelEvent{}.Ident) ^ unsafe.Sizeof(unix.Kevent_t{}.Ident)) -
	(unsafe.Sizeof(KernelEvent{}.Filter) ^ unsafe.Sizeof(unix.Kevent_t{}.Filter)) -
	(unsafe.Sizeof(KernelEvent{}.Flags) ^ unsafe.Sizeof(unix.Kevent_t{}.Flags)) -
	(unsafe.Sizeof(KernelEvent{}.Udata) ^ unsafe.Sizeof(unix.Kevent_t{}.Udata))
