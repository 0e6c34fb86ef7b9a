//go:build !unix && !windows

package epoll_test

import (
	"errors"
	"os"
	"testing"

	"iomux/epoll"
)

func TestUnsupported(t *testing.T) {
	if poller, err := epoll.New(); poller != nil || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("New: %v, %v, want errors.ErrUnsupported", poller, err)
	}
	if poller, err := epoll.FromFD(0); poller != nil || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("FromFD: %v, %v, want errors.ErrUnsupported", poller, err)
	}
	var zero epoll.Poller
	_, err := zero.Poll(make([]epoll.Event, 1), 0)
	for _, err := range []error{err, zero.Register(0, epoll.In), zero.Modify(0, epoll.In), zero.Unregister(0), zero.Close()} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("use of the zero Poller: %v, want os.ErrClosed", err)
		}
	}
	if epoll.Native || zero.FD() != -1 {
		t.Error("epoll.Native or a descriptor on a system without epoll")
	}
}
