//go:build unix && !linux

package epoll_test

import (
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// systemRefusals returns refusals of files and of Exclusive.
func systemRefusals(t *testing.T, poller *epoll.Poller) []refusal {
	t.Helper()
	file := suite.File(t)
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	must(t, err)
	suite.CloseAtEnd(t, null)
	return append(exclusiveRefusals(t, poller),
		refusal{"register a file", file, poller.Register(file, epoll.In), syscall.EPERM},
		refusal{"register the null device", null, poller.Register(null, epoll.In), syscall.EPERM})
}
