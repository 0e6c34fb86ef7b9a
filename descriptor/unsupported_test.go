//go:build !unix && !windows

package descriptor_test

import (
	"errors"
	"testing"

	"iomux/descriptor"
)

func TestUnsupported(t *testing.T) {
	if _, err := descriptor.TryRead(0, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("TryRead: %v, want errors.ErrUnsupported", err)
	}
	if _, err := descriptor.TryWrite(0, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("TryWrite: %v, want errors.ErrUnsupported", err)
	}
}
