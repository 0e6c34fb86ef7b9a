//go:build !unix && !windows

package sys

// There is neither poll(2) nor select(2).
const (
	PollResolution   = 0
	SelectResolution = 0
	SelectLimit      = 0
)

// MaxDescriptors is 0: handles have no limit that the system tells.
func MaxDescriptors() uint64 { return 0 }
