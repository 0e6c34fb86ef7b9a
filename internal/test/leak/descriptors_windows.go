package leak

import (
	"net"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
)

var queryObject = windows.NewLazySystemDLL("ntdll.dll").NewProc("NtQueryObject")

// counted are the types of the handles that a program opens; sockets are files. Threads, events and timers are the runtime's,
// which makes one of each for every thread, and the registry's keys are the libraries'.
var counted = []string{"File", "IoCompletion", "Process", "Section"}

// gap is how many numbers that are no handles are passed over before the rest is believed to be none either: the system gives
// the lowest out first. It has a list of all, too, but Wine 8 harms other processes where it is asked for that.
const gap = 1 << 10

func openDescriptors() map[int]bool { return openOf(counted) }

// Count is how many descriptors are open. The runtime's own are among them, and change with the number of its threads.
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

// describe is the type of the handle's object, empty for what is no handle.
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

// startRuntimePoller makes the handles that the Go runtime, Winsock and package afd make with the first socket and keep.
func startRuntimePoller() {
	_, _ = new(afd.Call).Poll(nil, 0)
	if listener, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		_ = listener.Close()
	}
}
