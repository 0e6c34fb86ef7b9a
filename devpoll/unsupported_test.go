//go:build !unix && !windows

package devpoll_test

import (
	"errors"
	"os"
	"testing"

	"iomux/devpoll"
)

func TestUnsupported(t *testing.T) {
	for _, options := range [][]devpoll.Option{nil, {devpoll.Emulated}} {
		if poller, err := devpoll.New(options...); poller != nil || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("New: %v, %v, want errors.ErrUnsupported", poller, err)
		}
	}
	var zero devpoll.Poller
	_, err := zero.Poll(make([]devpoll.Event, 1), 0)
	for _, err := range []error{err, zero.Register(0, devpoll.In), zero.Modify(0, devpoll.In), zero.Unregister(0), zero.Close()} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("use of the zero Poller: %v, want os.ErrClosed", err)
		}
	}
	if devpoll.Native || zero.FD() != -1 {
		t.Error("devpoll.Native or a descriptor on a system without /dev/poll")
	}
}
