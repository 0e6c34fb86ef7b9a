package sys

import "time"

// There is neither poll(2) nor select(2). What stands in for them is told timeouts in units of 100 ns, and ends with a tick of the
// clock, of which programs can have no more than one in a millisecond.
const (
	PollResolution   = time.Millisecond
	SelectResolution = time.Millisecond
	SelectLimit      = 0
)

// MaxDescriptors is 0: handles have no limit that the system tells.
func MaxDescriptors() uint64 { return 0 }
