//go:build !unix && !windows

package waker_test

import (
	"errors"
	"testing"

	"iomux/internal/waker"
)

func TestUnsupported(t *testing.T) {
	if _, err := waker.New(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error is %v", err)
	}
}
