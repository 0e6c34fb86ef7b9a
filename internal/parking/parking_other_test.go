//go:build !linux

package parking_test

import (
	"errors"
	"testing"

	"iomux/internal/parking"
)

func TestUnsupported(t *testing.T) {
	if _, err := parking.New(0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error is %v", err)
	}
}
