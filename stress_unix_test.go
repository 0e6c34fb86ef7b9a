//go:build unix

package iomux_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
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

// stressDuplicate returns -1 if the limit of descriptors is reached.
func stressDuplicate(t testing.TB, fd int) int {
	twin, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD, 0)
	if err != nil && err != unix.EMFILE {
		t.Error("duplicate:", err)
	}
	return twin
}

// stressLimit stays at the limit of descriptors for a moment. All numbers below the limit are in
// use then, so it is higher than the number of sources, which poll(2) demands. With a lower hard
// limit, the sources reach that limit themselves.
func stressLimit(t testing.TB) {
	if leak.FewDescriptors() {
		return
	}
	const limit = 400
	var twins []int
	for {
		twin := stressDuplicate(t, 0)
		if twin < 0 {
			break
		}
		twins = append(twins, twin)
		if twin >= limit-1 {
			break
		}
	}
	leave := suite.Limit(t, limit)
	time.Sleep(time.Millisecond)
	leave()
	for _, twin := range twins {
		_ = stressClose(t, twin)
	}
}

func stressClose(_ testing.TB, fd int) error { return unix.Close(fd) }

func stressWrite(_ testing.TB, fd int) (int, error) { return descriptor.TryWrite(fd, []byte("x")) }

func stressRead(_ testing.TB, fd int, buffer []byte) (int, error) {
	return descriptor.TryRead(fd, buffer)
}
