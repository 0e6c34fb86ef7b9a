//go:build unix

package iomux_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
)

// stressPipe opens a pipe that the leak check does not trace, because there are many.
func stressPipe(testing.TB) (r, w int, err error) {
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		return -1, -1, err
	}
	// SetNonblock succeeds for an open descriptor.
	_, _ = unix.SetNonblock(fds[0], true), unix.SetNonblock(fds[1], true)
	return fds[0], fds[1], nil
}

func stressClose(_ testing.TB, fd int) error { return unix.Close(fd) }

func stressWrite(_ testing.TB, fd int) (int, error) { return descriptor.TryWrite(fd, []byte("x")) }

func stressRead(_ testing.TB, fd int, buffer []byte) (int, error) {
	return descriptor.TryRead(fd, buffer)
}
