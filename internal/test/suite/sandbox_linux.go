package suite

import (
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
		must(t, err)
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
	const load, jumpIfEqual, answer = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	filter := []unix.SockFilter{{Code: load}} // the number of the call comes first
	for _, call := range calls {
		filter = append(filter,
			unix.SockFilter{Code: jumpIfEqual, Jf: 1, K: call},
			unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ERRNO | uint32(errno)})
	}
	filter = append(filter, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW})
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}

	runtime.LockOSThread() // no_new_privs belongs to the thread until TSYNC
	defer runtime.UnlockOSThread()
	must(t, unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	_, _, failure := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if failure != 0 {
		t.Skip("this kernel takes no filters of system calls:", failure)
	}
}
