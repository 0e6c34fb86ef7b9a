package suite

import (
	"encoding/binary"
	"runtime"
	"strconv"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Sandbox runs test in a child process for each errno that a kernel or a sandbox returns for a
// missing system call.
func Sandbox(t *testing.T, test func(*testing.T, unix.Errno)) {
	t.Helper()
	if part := Part(); part != "" {
		number, err := strconv.Atoi(part)
		Must(t, err)
		test(t, unix.Errno(number))
		return
	}
	if name := Emulator(); name != "" {
		t.Skip(name, "takes no filters of system calls")
	}
	for _, errno := range []unix.Errno{unix.ENOSYS, unix.EPERM, unix.EINVAL} {
		if output, err := Child(t, strconv.Itoa(int(errno))); err != nil {
			t.Errorf("%v: %v\n%s", errno, err, output)
		}
	}
}

// Forbid makes the kernel return errno for the system calls from now on, as a sandbox does. It
// cannot be undone, so it is for processes that Child started.
func Forbid(t testing.TB, errno unix.Errno, calls ...uint32) {
	t.Helper()
	filter := []unix.SockFilter{{Code: load}} // the number of the call comes first
	for _, call := range calls {
		filter = append(filter,
			unix.SockFilter{Code: jumpIfEqual, Jf: 1, K: call},
			unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(errno)})
	}
	filterCalls(t, append(filter, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW}))
}

// ForbidArguments is Forbid for a call with certain arguments. The map holds the low halves of
// some of them by index.
func ForbidArguments(t testing.TB, errno unix.Errno, call uint32, arguments map[int]uint32) {
	t.Helper()
	filter := []unix.SockFilter{{Code: load}, {Code: jumpIfEqual, Jf: uint8(2*len(arguments) + 1), K: call}}
	for i, argument := range arguments {
		left := len(arguments) - (len(filter)-2)/2
		offset := uint32(16 + 8*i) // in struct seccomp_data
		if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
			offset += 4
		}
		filter = append(filter,
			unix.SockFilter{Code: load, K: offset},
			unix.SockFilter{Code: jumpIfEqual, Jf: uint8(2*left - 1), K: argument})
	}
	filterCalls(t, append(filter,
		unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW}))
}

// The instructions of filters.
const (
	load        = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	jumpIfEqual = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	answer      = unix.BPF_RET | unix.BPF_K
)

// filterCalls makes the kernel run filter before each system call of the process.
func filterCalls(t testing.TB, filter []unix.SockFilter) {
	t.Helper()
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}

	runtime.LockOSThread() // no_new_privs belongs to the thread until TSYNC
	defer runtime.UnlockOSThread()
	Must(t, unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	_, _, failure := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if failure != 0 {
		t.Skip("this kernel takes no filters of system calls:", failure)
	}
}
