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

// Startup makes Windows answer questions about sockets, in a process that may have made none.
var Startup = sync.OnceValue(func() error {
	return os.NewSyscallError("WSAStartup", windows.WSAStartup(0x202, new(windows.WSAData)))
})

// Check tells why a handle cannot be waited on: ErrNotSocket, or EBADF where it is not open. It is nil for a socket.
func Check(fd int) error {
	_, err := find(windows.Handle(fd))
	return err
}

// find is the driver's own handle of a socket, which is another one only where some product has put a layer of its own between.
func find(socket windows.Handle) (windows.Handle, error) {
	if err := Startup(); err != nil {
		return 0, err
	}
	base, err := ask(socket, baseHandle)
	// Layers that should pass the question on, and do not, mostly answer the other one. It may lead to the next layer only.
	for layer := socket; err != nil && err != windows.WSAENOTSOCK; {
		next, errNext := ask(layer, pollHandle)
		if errNext != nil || next == layer {
			break
		}
		layer = next
		base, err = ask(layer, baseHandle)
	}
	if err == nil { // which Wine says of any handle
		_, err = windows.GetsockoptInt(socket, windows.SOL_SOCKET, soType)
	}
	switch {
	case isDevice(socket), err != nil && !sys.IsOpen(int(socket)): // a number that was closed may be ours now
		return 0, syscall.EBADF
	case err != nil:
		return 0, ErrNotSocket
	}
	return base, nil
}

func ask(socket windows.Handle, question uint32) (answer windows.Handle, err error) {
	var size uint32
	err = windows.WSAIoctl(socket, question, nil, 0, (*byte)(unsafe.Pointer(&answer)), uint32(unsafe.Sizeof(answer)), &size, nil, 0)
	return answer, err
}
