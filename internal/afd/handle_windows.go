package afd

import (
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/sys"
)

const (
	baseHandle = 0x48000022 // SIO_BASE_HANDLE
	pollHandle = 0x4800001D // SIO_BSP_HANDLE_POLL
	soType     = 0x1008     // SO_TYPE
)

// Startup starts Winsock, in case the process has not opened a socket yet.
var Startup = sync.OnceValue(func() error {
	return os.NewSyscallError("WSAStartup", windows.WSAStartup(0x202, new(windows.WSAData)))
})

// Check returns nil for a socket, EBADF for a handle that is not open, and ErrNotSocket for any
// other handle.
func Check(fd int) error {
	_, err := baseOf(windows.Handle(fd))
	return err
}

// baseOf returns the driver's handle of a socket. It differs from the socket only if another
// product has put a layer in between.
func baseOf(socket windows.Handle) (windows.Handle, error) {
	if err := Startup(); err != nil {
		return 0, err
	}
	base, err := ioctl(socket, baseHandle)
	// Most layers that do not support this request support another one, which may return only
	// the handle of the next layer.
	for layer := socket; err != nil && err != windows.WSAENOTSOCK; {
		next, errNext := ioctl(layer, pollHandle)
		if errNext != nil || next == layer {
			break
		}
		layer = next
		base, err = ioctl(layer, baseHandle)
	}
	if err == nil { // Wine returns no error for any handle
		_, err = windows.GetsockoptInt(socket, windows.SOL_SOCKET, soType)
	}
	switch {
	// A device may have the number of a closed socket.
	case isDevice(socket), err != nil && !sys.IsOpen(int(socket)):
		return 0, syscall.EBADF
	case err != nil:
		return 0, ErrNotSocket
	}
	return base, nil
}

func ioctl(socket windows.Handle, code uint32) (handle windows.Handle, err error) {
	var size uint32
	err = windows.WSAIoctl(socket, code, nil, 0, (*byte)(unsafe.Pointer(&handle)), uint32(unsafe.Sizeof(handle)), &size, nil, 0)
	return handle, err
}
