package iomux_test

import (
	"slices"
	"testing"
	"time"

	"iomux"
	"iomux/internal/backend"
	"iomux/internal/test/suite"
)

// inspector is an epoll whose first Sleep inspects all registered descriptors.
type inspector struct {
	backend.Backend
	matches func(fd int) bool
	found   []int
}

func (b *inspector) Sleep(batch *backend.Batch, timeout time.Duration, owner backend.Owner) error {
	if b.matches != nil {
		for next := 0; next >= 0; {
			next = owner.Inspect(next, b.matches, func(fd int) { b.found = append(b.found, fd) })
		}
		b.matches = nil
	}
	return b.Backend.Sleep(batch, timeout, owner)
}

// An inspection takes long, so other goroutines can use the Poller. It visits each descriptor once,
// and leaves out descriptors that were unregistered meanwhile.
func TestInspectionDoesNotHoldTheLock(t *testing.T) {
	b := new(inspector)
	p := poller(t, []iomux.Option{iomux.WithBackend(func() (_ backend.Backend, err error) {
		b.Backend, err = backend.NewEpoll(false)
		return b, err
	})})
	fd, _ := suite.Pipe(t)
	var fds []int
	var last *iomux.Registration[int]
	for range 150 {
		twin := suite.High(t, fd, 300)
		fds = append(fds, twin)
		last = register(t, p, twin, iomux.Readable)
	}
	var visited []int
	b.matches = func(fd int) bool {
		visited = append(visited, fd)
		if fd == fds[len(fds)-1] {
			must(t, last.Unregister())
		}
		return p.Len() > 0 // takes the lock
	}
	expectNothing(t, p)
	if !slices.Equal(visited, fds) {
		t.Errorf("visited %v, want %v", visited, fds)
	}
	if want := fds[:len(fds)-1]; !slices.Equal(b.found, want) {
		t.Errorf("found %v, want %v", b.found, want)
	}
}
