//go:build aix || solaris

package epoll_test

import (
	"errors"
	"testing"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// exclusiveRefusals returns no refusals, because Exclusive is not supported.
func exclusiveRefusals(t *testing.T, poller *epoll.Poller) []refusal {
	t.Helper()
	r, _ := suite.Pipe(t)
	for _, mode := range []epoll.Events{epoll.ET, epoll.Exclusive} {
		if err := poller.Register(r, epoll.In|mode); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("register for %v: %v, want errors.ErrUnsupported", mode, err)
		}
	}
	return nil
}

func TestFromFDIsRefused(t *testing.T) {
	if poller, err := epoll.FromFD(newPoller(t).FD()); poller != nil || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("FromFD: %v, %v, want errors.ErrUnsupported", poller, err)
	}
}
