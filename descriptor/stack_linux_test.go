//go:build !race

package descriptor_test

import (
	"testing"

	"iomux/descriptor"
	"iomux/internal/test/suite"
)

// With the race detector, x/sys passes buffers to functions that let them escape.
func TestBuffersStayOnTheStack(t *testing.T) {
	r, w := suite.Pipe(t)
	if n := testing.AllocsPerRun(100, func() {
		var buffer [8]byte
		_, _ = descriptor.TryWrite(w, buffer[:])
		_, _ = descriptor.TryRead(r, buffer[:])
	}); n != 0 {
		t.Errorf("TryWrite and TryRead of a local array allocate %v times", n)
	}
}
