package sys

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	to "iomux/internal/timeout"
)

// Constants of Windows, which has neither poll(2) nor select(2) nor pipes that can be waited on.
const (
	PipeBuf = 0

	PollWrNorm = 0x100
	PollWrBand = PollAbsent
	PollMsg    = PollAbsent
	PollRdHup  = 0x2000

	PollAbsent      = 0x8000
	PollAbsentNames = "WrBand or Msg"

	// A wait takes timeouts in units of 100 ns, but ends with a tick of the clock. Programs can
	// make the clock tick once per millisecond at most.
	PollResolution   = time.Millisecond
	SelectResolution = time.Millisecond
	SelectLimit      = 0
)

// SelectWord is a word of the descriptor sets of package selectfd.
type SelectWord = uint

// MaxDescriptors returns 0, because Windows has no limit that programs can read.
func MaxDescriptors() uint64 { return 0 }

var (
	winsock = windows.NewLazySystemDLL("ws2_32.dll")
	selects = winsock.NewProc("select")

	handleInformation = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetHandleInformation")
)

// IsOpen reports whether fd is an open handle of this process. It does not block.
func IsOpen(fd int) bool {
	var flags uint32
	if fd <= 0 || fd >= math.MaxInt32 { // negative numbers stand for the process and the thread
		return false
	}
	ok, _, _ := syscall.SyscallN(handleInformation.Addr(), uintptr(fd), uintptr(unsafe.Pointer(&flags)))
	return ok != 0
}

// IsFile returns false, because the packages wait on sockets only.
func IsFile(int) bool { return false }

// SocketSet is Winsock's fd_set: the number of sockets, followed by the sockets. It may hold more
// than the 64 for which the structure of the C header has room.
type SocketSet []uintptr

// Add adds a socket to the set.
func (s *SocketSet) Add(fd int) {
	if len(*s) == 0 {
		*s = append(*s, 0)
	}
	*s = append(*s, uintptr(fd))
	(*s)[0]++
}

// Sockets returns the members.
func (s SocketSet) Sockets() []uintptr {
	if len(s) == 0 {
		return nil
	}
	return s[1 : 1+s[0]]
}

// SelectSockets wraps Winsock's select(), after which the sets hold the ready sockets. A negative
// timeout blocks. Three empty sets are WSAEINVAL.
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

// unpollable is not called: epoll refuses a handle that is not a socket with another error.
func unpollable(int) string { return "it cannot be waited on" }
