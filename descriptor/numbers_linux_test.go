package descriptor_test

import (
	"testing"

	"iomux/descriptor"
	"iomux/internal/test/suite"
)

// Sockets get their own call again on a number that was not a socket's before.
func TestNumberOfASocketIsNotTakenForAnotherFile(t *testing.T) {
	const from = 900
	r, _ := suite.Pipe(t)
	buffer := make([]byte, 1)
	twin := suite.Duplicate(t, r, from)
	for range 10 {
		_, _ = descriptor.TryRead(twin, buffer)
	}
	suite.Close(t, twin)
	if given := descriptor.ByMode(false); given {
		descriptor.ByMode(given)
		t.Skip("this kernel lacks preadv2(2), so TryRead uses no special calls")
	}
	if !descriptor.IsOther(twin) {
		t.Errorf("descriptor %d is a pipe, and every call on it is wasted", twin)
	}

	client, _ := suite.TCPPair(t)
	twin = suite.Duplicate(t, client, from)
	for range 100_000 {
		_, _ = descriptor.TryRead(twin, buffer)
		suite.Close(t, twin)
	if given := descriptor.ByMode(false); given {
		descriptor.ByMode(given)
		t.Skip("this kernel lacks preadv2(2), so TryRead uses no special calls")
	}
	if !descriptor.IsOther(twin) {
			suite.Close(t, twin)
			return
		}
	}
	t.Errorf("descriptor %d is a socket, and gets the call for files for ever", twin)
	suite.Close(t, twin)
}
