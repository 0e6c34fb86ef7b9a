//go:build unix

package iomux_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/test/suite"
)

// A pipe that is ready for writing takes PipeBuf bytes at once, and POSIX wants it to be 512 at
// least.
func TestPipeBufIsWrittenWhole(t *testing.T) {
	if iomux.PipeBuf < 512 {
		t.Fatalf("PipeBuf is %d", iomux.PipeBuf)
	}
	r, w := suite.Pipe(t)
	suite.Fill(t, w)
	fds := []unix.PollFd{{Fd: int32(w), Events: unix.POLLOUT}}
	for {
		n, err := unix.Poll(fds, 0)
		if err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			break
		}
		if _, err := unix.Read(r, make([]byte, 100)); err != nil {
			t.Fatal("the pipe was read empty, and is not writable:", err)
		}
	}
	if n, err := unix.Write(w, make([]byte, iomux.PipeBuf)); n != iomux.PipeBuf || err != nil {
		t.Errorf("a pipe that is ready for writing took %d bytes of %d: %v", n, iomux.PipeBuf, err)
	}
}
