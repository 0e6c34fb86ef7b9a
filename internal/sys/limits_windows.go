package sys

import "time"

// There is neither poll(2) nor select(2). What stands in for poll(2) rounds to milliseconds.
const (
	PollResolution   = time.Millisecond
	SelectResolution = 0
	SelectLimit      = 0
)

// MaxDescriptors is 0: handles have no limit that the system tells.
func MaxDescriptors() uint64 { return 0 }
