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

// packet is OVERLAPPED_ENTRY. The place of the pointer holds the number of an operation: the kernel passes it through as it is.
type packet struct {
	key    uintptr
	id     uintptr
	status uintptr
	bytes  uint32
}

// alarm is the id of the packet that ends a wait.
const alarm = 0

func openPort() (windows.Handle, error) {
	port, err := windows.CreateIoCompletionPort(windows.InvalidHandle, 0, 0, 0)
	return port, os.NewSyscallError("CreateIoCompletionPort", err)
}

// ring makes one goroutine that dequeues, now or later, find an alarm.
func ring(port windows.Handle) {
	_ = windows.PostQueuedCompletionStatus(port, 0, 0, nil) // it fails for want of memory only
}

// dequeue waits for packets, and returns how many have come: 0 after the time.
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
