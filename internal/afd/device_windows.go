package afd

import (
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Available tells whether this system has the driver.
const Available = true

var (
	ntdll             = windows.NewLazySystemDLL("ntdll.dll")
	ntDeviceIoControl = ntdll.NewProc("NtDeviceIoControlFile")
	ntCancelIo        = ntdll.NewProc("NtCancelIoFileEx")
)

// ioctlPoll is IOCTL_AFD_POLL.
const ioctlPoll = 0x00012024

// head begins what the ioctl takes, and gives back in the same place: head, and then a target for each socket. Given back are
// the ready ones alone.
type head struct {
	timeout   int64 // in units of 100 ns; negative is from now on, forever never ends
	count     uint32
	exclusive uint32
}

const forever = 1<<63 - 1

type target struct {
	socket windows.Handle
	events uint32
	status uint32
}

// devices are the open ones. A number that was closed, and is that of a device now, must not be polled: it would kill Wine.
var devices = struct {
	sync.RWMutex
	open map[windows.Handle]bool
}{open: make(map[windows.Handle]bool)}

func isDevice(handle windows.Handle) bool {
	devices.RLock()
	defer devices.RUnlock()
	return devices.open[handle&^tagBits]
}

// tagBits are what Windows ignores of a handle.
const tagBits = 3

// open opens the driver. The name behind Afd is for who looks at the handles of a process.
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

// Undisturbed calls f while the driver is given no list. Wine's server dies of a list with the number of a socket that is being made.
func Undisturbed(f func()) {
	devices.Lock()
	defer devices.Unlock()
	f()
}

// errno is the number that Win32 has for a status of the kernel.
func errno(err error) error {
	if status, ok := err.(windows.NTStatus); ok {
		return status.Errno()
	}
	return err
}

// targets are what stands behind a head.
func targets(all *head) []target {
	return unsafe.Slice((*target)(unsafe.Add(unsafe.Pointer(all), unsafe.Sizeof(head{}))), all.count)
}

// ticks is a time as a head has it, rounded up.
func ticks(d time.Duration) int64 {
	if d < 0 {
		return forever
	}
	return -int64((d + 99) / 100)
}

// submit starts a poll on device, of the first targets behind in. It ends with event, if there is one, else with a packet of the
// port that the device belongs to, which bears id. Until then the driver writes to done and out, which nobody may let go.
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

// cancel ends the poll that was started with done, or all polls of device where that is nil. It reports whether there was one that
// had not ended before: either way each ends once.
func cancel(device windows.Handle, done *windows.IO_STATUS_BLOCK) bool {
	var ended windows.IO_STATUS_BLOCK
	status, _, _ := syscall.SyscallN(ntCancelIo.Addr(), uintptr(device), uintptr(unsafe.Pointer(done)), uintptr(unsafe.Pointer(&ended)))
	return status == 0
}

// shared is the device of all Calls. It stays open as long as the process lives.
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
