package leak

import (
	"net"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
)

var queryObject = windows.NewLazySystemDLL("ntdll.dll").NewProc("NtQueryObject")

// counted lists the types of handles that a program opens. Sockets are files. Threads, events and
// timers belong to the runtime, which makes one of each for every thread. Registry keys belong to
// the system's libraries.
var counted = []string{"File", "IoCompletion", "Process", "Section"}

// gap is the number of unused handles after which the search ends. Windows assigns the lowest free
// number first. It also has a list of all handles, but reading it harms other processes under Wine
// 8.
const gap = 1 << 10

func openDescriptors() map[int]bool { return openOf(counted) }

// Count returns the number of open descriptors. It includes those of the runtime, which depend on
// its number of threads.
func Count() int { return len(openOf(append([]string{"Event"}, counted...))) }

func openOf(kinds []string) map[int]bool {
	open := make(map[int]bool)
	for fd, last := 4, 0; fd < last+4*gap; fd += 4 {
		switch kind := describe(fd); {
		case slices.Contains(kinds, kind):
			open[fd] = true
			fallthrough
		case kind != "":
			last = fd
		}
	}
	return open
}

// describe returns the type of the handle's object, or nothing if fd is not a handle.
func describe(fd int) string {
	const typeInformation = 2
	var information struct {
		name windows.NTUnicodeString
		rest [1024]byte
	}
	var size uint32
	if status, _, _ := queryObject.Call(uintptr(fd), typeInformation, uintptr(unsafe.Pointer(&information)),
		unsafe.Sizeof(information), uintptr(unsafe.Pointer(&size))); status != 0 {
		return ""
	}
	return information.name.String()
}

func ofRuntime(int) bool { return false }

// FewDescriptors returns false: handles have no limit.
func FewDescriptors() bool { return false }

// startRuntimePoller makes the Go runtime, Winsock and package afd open the handles that they open
// with the first socket and keep.
func startRuntimePoller() {
	_, _ = new(afd.Call).Poll(nil, 0)
	if listener, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		_ = listener.Close()
	}
}
