package descriptor_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/internal/test/suite"
)

// Each kind of file gets its own call, independent of the earlier file with the number.
func TestCallsFollowTheKindOfFile(t *testing.T) {
	const from = 900
	pipe, _ := suite.Pipe(t)
	_, _ = descriptor.TryRead(pipe, make([]byte, 1))
	given := descriptor.ByMode(false)
	if descriptor.ByMode(given); given {
		t.Skip("this kernel lacks preadv2(2), so TryRead uses no special calls")
	}
	socket, _ := suite.TCPPair(t)
	for range 2 {
		if !becomes(t, true, suite.Duplicate(t, pipe, from)) {
			t.Error("TryRead always tries the call for sockets on a pipe first")
		}
		if !becomes(t, false, suite.Duplicate(t, socket, from)) {
			t.Error("TryRead always uses the call for files on a socket")
		}
	}
}

// A file that has ended is soon closed, and a socket may get its number.
func TestEndOfFileClearsItsKind(t *testing.T) {
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	buffer := make([]byte, 8)
	if _, err := unix.Preadv2(r, [][]byte{buffer}, -1, unix.RWF_NOWAIT); err != nil {
		t.Skip("this kernel does not read a pipe with RWF_NOWAIT: ", err)
	}
	suite.Write(t, w)
	if n, err := descriptor.TryRead(r, buffer); n == 0 || err != nil || !descriptor.IsNonSocket(r) {
		t.Fatalf("TryRead: %d, %v, and the call for sockets first: %v", n, err, !descriptor.IsNonSocket(r))
	}
	suite.Close(t, w)
	if n, err := descriptor.TryRead(r, buffer); n != 0 || err != nil || descriptor.IsNonSocket(r) {
		t.Errorf("TryRead at the end: %d, %v, and the call for sockets first: %v", n, err, !descriptor.IsNonSocket(r))
	}
}

// becomes reports whether TryRead begins or ceases to use the call for files on fd. It closes fd.
func becomes(t *testing.T, other bool, fd int) bool {
	t.Helper()
	defer suite.Close(t, fd)
	for range 100_000 {
		_, _ = descriptor.TryRead(fd, make([]byte, 1))
		if descriptor.IsNonSocket(fd) == other {
			return true
		}
	}
	return false
}
