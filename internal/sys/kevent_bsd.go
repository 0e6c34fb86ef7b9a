//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Kqueue is kqueue(2) of a descriptor that is closed on exec.
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

// Kevent is kevent(2). A negative timeout blocks.
func Kevent(kq int, changes, events []KernelEvent, timeout time.Duration) (int, syscall.Errno) {
	var left *unix.Timespec
	if timeout >= 0 {
		ts := unix.NsecToTimespec(int64(timeout))
		left = &ts
	}
	n, err := unix.Kevent(kq, kernelEvents(changes), kernelEvents(events), left)
	return max(n, 0), Errno(err)
}

// kernelEvents is the list as x/sys takes it. Its type has a pointer for the user's number, which must not be seen as one: the
// memory stays of the type KernelEvent, which has none.
func kernelEvents(events []KernelEvent) []unix.Kevent_t {
	return unsafe.Slice((*unix.Kevent_t)(unsafe.Pointer(unsafe.SliceData(events))), len(events))
}

// KernelEvent has the layout that x/sys knows: the kernel's.
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
