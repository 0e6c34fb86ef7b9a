//go:build unix && !linux

package epoll_test

import (
	"syscall"
	"testing"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// systemRefusals returns refusals of files and of Exclusive.
func systemRefusals(t *testing.T, poller *epoll.Poller) []refusal {
	t.Helper()
	file := suite.File(t)
	return append(exclusiveRefusals(t, poller), refusal{"register a file", file, poller.Register(file, epoll.In), syscall.EPERM})
}
