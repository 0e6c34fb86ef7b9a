//go:build !linux

package netpark_test

import (
	"errors"
	"testing"

	"iomux/internal/netpark"
)

func TestUnsupported(t *testing.T) {
	if _, err := netpark.New(0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error is %v", err)
	}
}
