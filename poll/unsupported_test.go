//go:build !unix && !windows

package poll_test

import (
	"errors"
	"testing"

	"iomux/poll"
)

func TestUnsupported(t *testing.T) {
	if _, err := poll.Wait(nil, 0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Wait: %v, want errors.ErrUnsupported", err)
	}
	if _, err := poll.New().Poll(make([]poll.Event, 1), 0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Poll: %v, want errors.ErrUnsupported", err)
	}
	if poll.Native {
		t.Error("poll.Native on a system without poll")
	}
}
