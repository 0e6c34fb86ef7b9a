//go:build !unix && !windows

package bell_test

import (
	"errors"
	"testing"

	"iomux/internal/bell"
)

func TestUnsupported(t *testing.T) {
	if _, err := bell.New(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error is %v", err)
	}
}
