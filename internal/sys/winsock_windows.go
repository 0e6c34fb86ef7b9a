package sys

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	to "iomux/internal/timeout"
)

var (
	winsock = windows.NewLazySystemDLL("ws2_32.dll")
	selects = winsock.NewProc("select")

	handleInformation = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetHandleInformation")
)

// IsOpen reports whether fd is an open handle of this process. It does not block.
func IsOpen(fd int) bool {
	var flags uint32
	if fd <= 0 || fd >= math.MaxInt32 { // those of the process and the thread are no handles, but numbers for them
		return false
	}
	ok, _, _ := syscall.SyscallN(handleInformation.Addr(), uintptr(fd), uintptr(unsafe.Pointer(&flags)))
	return ok != 0
}

// IsFile reports nothing: sockets are all that is waited on.
func IsFile(int) bool { return false }

// SocketSet is Winsock's fd_set: the number of sockets, and then they themselves. As many are taken as there are, more than
// the 64 that the header's structure has room for.
type SocketSet []uintptr

// Add puts a socket into the set.
func (s *SocketSet) Add(fd int) {
	if len(*s) == 0 {
		*s = append(*s, 0)
	}
	*s = append(*s, uintptr(fd))
	(*s)[0]++
}

// Sockets are the members.
func (s SocketSet) Sockets() []uintptr {
	if len(s) == 0 {
		return nil
	}
	return s[1 : 1+s[0]]
}

// SelectSockets is Winsock's select(), which leaves in the sets what is ready. A negative timeout blocks. Three empty sets
// are WSAEINVAL.
func SelectSockets(r, w, x SocketSet, timeout time.Duration) (int, syscall.Errno) {
	var left *windows.Timeval
	if timeout >= 0 {
		us := to.Microseconds(timeout) / time.Microsecond
		left = &windows.Timeval{Sec: int32(min(us/1e6, math.MaxInt32)), Usec: int32(us % 1e6)}
	}
	n, _, errno := syscall.SyscallN(selects.Addr(), 0, uintptr(unsafe.Pointer(unsafe.SliceData(r))),
		uintptr(unsafe.Pointer(unsafe.SliceData(w))), uintptr(unsafe.Pointer(unsafe.SliceData(x))), uintptr(unsafe.Pointer(left)))
	if int32(n) < 0 {
		return 0, errno
	}
	return int(n), 0
}
