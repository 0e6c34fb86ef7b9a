//go:build unix

package iomux_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/test/suite"
)

// A writable pipe accepts PipeBuf bytes in one write. POSIX requires at least 512.
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
			t.Fatal("the pipe is empty, but not writable:", err)
		}
	}
	if n, err := unix.Write(w, make([]byte, iomux.PipeBuf)); n != iomux.PipeBuf || err != nil {
		t.Errorf("a writable pipe took %d bytes of %d: %v", n, iomux.PipeBuf, err)
	}
}
