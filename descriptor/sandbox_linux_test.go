package descriptor_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/internal/test/suite"
)

// If preadv2 and pwritev2 are missing or forbidden, TryRead and TryWrite use the descriptor's mode.
// Only a call that the kernel lacks is never tried again.
func TestSandboxWithoutCallsForFiles(t *testing.T) {
	t.Parallel()
	suite.Sandbox(t, func(t *testing.T, errno unix.Errno) {
		suite.Forbid(t, errno, unix.SYS_PREADV2, unix.SYS_PWRITEV2)
		descriptor.ByMode(false)
		transferOverPairs(t)
		if given := descriptor.ByMode(false); given != (errno == unix.ENOSYS) {
			t.Errorf("given up: %v", given)
		}
	})
}

// If the calls for sockets are missing or forbidden, TryRead and TryWrite use those for files.
func TestSandboxWithoutCallsForSockets(t *testing.T) {
	t.Parallel()
	suite.Sandbox(t, func(t *testing.T, errno unix.Errno) {
		suite.Forbid(t, errno, unix.SYS_RECVFROM, unix.SYS_SENDTO)
		transferOverPairs(t)
	})
}

// Older kernels do not support RWF_NOWAIT for sockets. Neither a number that belonged to a pipe,
// nor a large buffer, makes TryRead and TryWrite use the mode of a socket.
func TestSocketsOfKernelsWithoutNoWait(t *testing.T) {
	t.Parallel()
	if suite.Part() == "" {
		if name := suite.Emulator(); name != "" {
			t.Skip(name, "takes no filters of system calls")
		}
		if output, err := suite.Child(t, "sockets"); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	const from = 900
	r, w := suite.SocketPair(t, unix.SOCK_STREAM)
	pipe, _ := suite.Pipe(t)
	blocking(t, r, w)
	suite.Forbid(t, unix.EOPNOTSUPP, unix.SYS_PREADV2, unix.SYS_PWRITEV2)
	buffer := make([]byte, 8)
	number := suite.Duplicate(t, pipe, from)
	_, _ = descriptor.TryRead(number, buffer)
	suite.Close(t, number)
	number = suite.Duplicate(t, r, from)
	defer suite.Close(t, number)
	if n, err := descriptor.TryRead(number, buffer); n != 0 || err != unix.EAGAIN || descriptor.IsNonSocket(number) {
		t.Errorf("TryRead: %d, %v, and the call for files first: %v", n, err, descriptor.IsNonSocket(number))
	}
	// F_GETFL returns the mode.
	suite.ForbidArguments(t, unix.EIO, unix.SYS_FCNTL, map[int]uint32{1: unix.F_GETFL})
	large := make([]byte, 1<<20)
	if n, err := descriptor.TryWrite(w, large); n <= 0 || err != nil {
		t.Errorf("TryWrite: %d, %v", n, err)
	}
	if n, err := descriptor.TryRead(number, large); n <= 0 || err != nil {
		t.Errorf("TryRead of much: %d, %v", n, err)
	}
}

func TestSandboxWithoutBoth(t *testing.T) {
	t.Parallel()
	suite.Sandbox(t, func(t *testing.T, errno unix.Errno) {
		suite.Forbid(t, errno, unix.SYS_RECVFROM, unix.SYS_SENDTO, unix.SYS_PREADV2, unix.SYS_PWRITEV2)
		transferOverPairs(t)
	})
}

func transferOverPairs(t *testing.T) {
	t.Helper()
	for name, pair := range pairs {
		r, w := pair(t)
		buffer := make([]byte, 8)
		if n, err := descriptor.TryRead(r, buffer); n != 0 || err != unix.EAGAIN {
			t.Errorf("%s: TryRead of nothing: %d, %v, want EAGAIN", name, n, err)
		}
		if n, err := descriptor.TryWrite(w, []byte("hello")); n != 5 || err != nil {
			t.Fatalf("%s: TryWrite: %d, %v", name, n, err)
		}
		suite.Await(t, r, suite.In)
		if n, err := descriptor.TryRead(r, buffer); n != 5 || err != nil {
			t.Errorf("%s: TryRead: %d, %v", name, n, err)
		}
	}
}
