//go:build !unix && !windows

package selectfd_test

import (
	"errors"
	"testing"

	"iomux/selectfd"
)

func TestUnsupported(t *testing.T) {
	if _, err := selectfd.Wait(nil, nil, nil, 0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Wait: %v, want errors.ErrUnsupported", err)
	}
	if _, _, _, err := selectfd.Select[int](nil, nil, nil, 0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Select: %v, want errors.ErrUnsupported", err)
	}
	if selectfd.Native {
		t.Error("selectfd.Native on a system without select")
	}
}
