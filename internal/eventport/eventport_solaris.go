package eventport

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

// Native reports whether the kernel of this system has event ports.
const Native = true

// System makes the calls of this system.
var System Calls = calls{}

//go:cgo_import_dynamic libc_port_create port_create "libc.so"
//go:cgo_import_dynamic libc_port_associate port_associate "libc.so"
//go:cgo_import_dynamic libc_port_dissociate port_dissociate "libc.so"
//go:cgo_import_dynamic libc_port_getn port_getn "libc.so"
//go:cgo_import_dynamic libc_port_send port_send "libc.so"

//go:linkname procPortCreate libc_port_create
//go:linkname procPortAssociate libc_port_associate
//go:linkname procPortDissociate libc_port_dissociate
//go:linkname procPortGetn libc_port_getn
//go:linkname procPortSend libc_port_send

var procPortCreate, procPortAssociate, procPortDissociate, procPortGetn, procPortSend uintptr

// sysvicall6 calls a function of the C library: see eventport_solaris_amd64.s.
func sysvicall6(trap, nargs, a1, a2, a3, a4, a5, a6 uintptr) (r1, r2 uintptr, err syscall.Errno)

type calls struct{}

func (calls) Create() (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	port, _, errno := sysvicall6(uintptr(unsafe.Pointer(&procPortCreate)), 0, 0, 0, 0, 0, 0, 0)
	if errno != 0 {
		return -1, os.NewSyscallError("port_create", errno)
	}
	unix.CloseOnExec(int(port))
	return int(port), nil
}

func (calls) Associate(port int, fd int32, events uint16) syscall.Errno {
	_, _, errno := sysvicall6(uintptr(unsafe.Pointer(&procPortAssociate)), 5,
		uintptr(port), SourceFD, uintptr(fd), uintptr(events), 0, 0)
	return errno
}

func (calls) Dissociate(port int, fd int32) syscall.Errno {
	_, _, errno := sysvicall6(uintptr(unsafe.Pointer(&procPortDissociate)), 3, uintptr(port), SourceFD, uintptr(fd), 0, 0, 0)
	return errno
}

func (calls) Sleep(port int, timeout time.Duration) syscall.Errno {
	return sys.AwaitReadable(port, timeout)
}

func (calls) Get(port int, events []Event) (int, syscall.Errno) {
	var now unix.Timespec
	got := uint32(1) // zero would take no event
	_, _, errno := sysvicall6(uintptr(unsafe.Pointer(&procPortGetn)), 5, uintptr(port),
		uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), uintptr(unsafe.Pointer(&got)),
		uintptr(unsafe.Pointer(&now)), 0)
	switch errno {
	case 0, unix.ETIME: // after the timeout the count is also valid
		return int(got), 0
	}
	return 0, errno
}

func (calls) Send(port int) syscall.Errno {
	_, _, errno := sysvicall6(uintptr(unsafe.Pointer(&procPortSend)), 3, uintptr(port), 0, 0, 0, 0, 0)
	return errno
}

func (calls) Close(port int) error { return os.NewSyscallError("close", unix.Close(port)) }
