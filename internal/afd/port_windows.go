package afd

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/timeout"
)

var getQueued = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetQueuedCompletionStatusEx")

// packet is OVERLAPPED_ENTRY. The id takes the place of its pointer, which the kernel does not use.
type packet struct {
	key    uintptr
	id     uintptr
	status uintptr
	bytes  uint32
}

// wakeID is the id of the packet that ends a wait.
const wakeID = 0

func openPort() (windows.Handle, error) {
	port, err := windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, 0)
	return port, os.NewSyscallError("CreateIoCompletionPort", err)
}

// wake sends the packet that ends one wait. It fails only if the system has no memory left.
func wake(port windows.Handle) error {
	return windows.PostQueuedCompletionStatus(port, wakeID, 0, nil)
}

// dequeue waits for packets and returns their number, which is 0 after the timeout.
func dequeue(port windows.Handle, packets []packet, left time.Duration) (int, error) {
	var n uint32
	ms := uint32(windows.INFINITE)
	if left >= 0 {
		ms = uint32(timeout.Milliseconds(left))
	}
	ok, _, err := syscall.SyscallN(getQueued.Addr(), uintptr(port), uintptr(unsafe.Pointer(unsafe.SliceData(packets))),
		uintptr(len(packets)), uintptr(unsafe.Pointer(&n)), uintptr(ms), 0)
	switch {
	case ok != 0:
		return int(n), nil
	case err == windows.WAIT_TIMEOUT:
		return 0, nil
	}
	return 0, os.NewSyscallError("GetQueuedCompletionStatusEx", err)
}
