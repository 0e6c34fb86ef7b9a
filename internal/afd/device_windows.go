package afd

import (
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Available reports whether this system has the driver.
const Available = true

var (
	ntdll             = windows.NewLazySystemDLL("ntdll.dll")
	ntDeviceIoControl = ntdll.NewProc("NtDeviceIoControlFile")
	ntCancelIo        = ntdll.NewProc("NtCancelIoFileEx")
)

// ioctlPoll is IOCTL_AFD_POLL.
const ioctlPoll = 0x00012024

// head is the start of the ioctl's input and output. A target for each socket follows it. The
// output has the ready sockets only.
type head struct {
	timeout   int64 // in units of 100 ns: negative from now on, or forever
	count     uint32
	exclusive uint32
}

const forever = 1<<63 - 1

type target struct {
	socket windows.Handle
	events uint32
	status uint32
}

// devices holds the open handles of the driver. Polling such a handle kills Wine, so closed numbers
// that now belong to a device are not polled.
var devices = struct {
	sync.RWMutex
	open map[windows.Handle]bool
}{open: make(map[windows.Handle]bool)}

func isDevice(handle windows.Handle) bool {
	devices.RLock()
	defer devices.RUnlock()
	return devices.open[handle&^tagBits]
}

// tagBits are the bits of a handle that Windows ignores.
const tagBits = 3

// open opens the driver. The name after Afd identifies the handle in lists of a process's
// handles.
func open() (windows.Handle, error) {
	name, err := windows.NewNTUnicodeString(`\Device\Afd\iomux`)
	if err != nil {
		return 0, err
	}
	attributes := windows.OBJECT_ATTRIBUTES{ObjectName: name}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	var device windows.Handle
	var status windows.IO_STATUS_BLOCK
	devices.Lock()
	defer devices.Unlock()
	err = windows.NtCreateFile(&device, windows.SYNCHRONIZE, &attributes, &status, nil, 0,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, windows.FILE_OPEN, 0, 0, 0)
	if err != nil {
		return 0, os.NewSyscallError("NtCreateFile", errno(err))
	}
	devices.open[device] = true
	return device, nil
}

func closeDevice(device windows.Handle) error {
	devices.Lock()
	defer devices.Unlock()
	delete(devices.open, device)
	return os.NewSyscallError("CloseHandle", windows.CloseHandle(device))
}

// Undisturbed calls f while no list is passed to the driver. Wine's server crashes on a list with
// the number of a socket that is being opened.
func Undisturbed(f func()) {
	devices.Lock()
	defer devices.Unlock()
	f()
}

// errno returns the Win32 error for a status of the kernel.
func errno(err error) error {
	if status, ok := err.(windows.NTStatus); ok {
		return status.Errno()
	}
	return err
}

// targets returns the targets that follow a head.
func targets(all *head) []target {
	return unsafe.Slice((*target)(unsafe.Add(unsafe.Pointer(all), unsafe.Sizeof(head{}))), all.count)
}

// ticks returns the timeout of a head for d, rounded up.
func ticks(d time.Duration) int64 {
	if d < 0 {
		return forever
	}
	return -int64((d + 99) / 100)
}

// submit starts a poll of the targets of in on device. The poll signals event at its end, or else
// sends a packet with id to the port of the device. Until then the driver may write to done and
// out, which must stay reachable.
func submit(device, event windows.Handle, id uintptr, done *windows.IO_STATUS_BLOCK, in, out *head) windows.NTStatus {
	devices.RLock()
	defer devices.RUnlock()
	for _, target := range targets(in) {
		if devices.open[target.socket&^tagBits] {
			return windows.STATUS_INVALID_HANDLE
		}
	}
	size := unsafe.Sizeof(head{}) + uintptr(in.count)*unsafe.Sizeof(target{})
	status, _, _ := syscall.SyscallN(ntDeviceIoControl.Addr(), uintptr(device), uintptr(event), 0, id,
		uintptr(unsafe.Pointer(done)), ioctlPoll, uintptr(unsafe.Pointer(in)), size, uintptr(unsafe.Pointer(out)), size)
	return windows.NTStatus(status)
}

// cancel cancels the poll that was started with done, or all polls of device if done is nil. It
// reports whether a poll was still running. In both cases each poll ends once.
func cancel(device windows.Handle, done *windows.IO_STATUS_BLOCK) bool {
	var ended windows.IO_STATUS_BLOCK
	status, _, _ := syscall.SyscallN(ntCancelIo.Addr(), uintptr(device), uintptr(unsafe.Pointer(done)), uintptr(unsafe.Pointer(&ended)))
	return status == 0
}

// shared is the device of all Calls. It is never closed.
var shared struct {
	sync.Mutex
	device windows.Handle
}

func sharedDevice() (windows.Handle, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.device == 0 {
		device, err := open()
		if err != nil {
			return 0, err
		}
		shared.device = device
	}
	return shared.device, nil
}
