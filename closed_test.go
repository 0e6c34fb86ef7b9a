//go:build unix

package iomux_test

import (
	"syscall"
	"testing"

	"iomux"
	"iomux/internal/test/suite"
)

// A source that was closed cannot be modified, and can be unregistered.
func TestModifyAClosedSource(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		client, server := connections(t)
		conn := register(t, p, server, iomux.Readable)
		must(t, server.Close())
		must(t, client.Close())
		low, _ := suite.Pipe(t)
		fd := suite.High(t, low, 300) // a number that nothing else gets
		number := register(t, p, fd, iomux.Readable)
		suite.Close(t, fd)
		if !p.Supports(iomux.Edge) {
			expectNothing(t, p) // these mechanisms find out in a wait
		}
		for _, r := range []*iomux.Registration[int]{conn, number} {
			isErr(t, r.Modify(iomux.Writable), syscall.EBADF)
			must(t, r.Unregister())
		}
		expectNothing(t, p)
	})
}
