//go:build !aix

package sys

// The events of poll(2) that have the same number on all systems but AIX.
const (
	PollIn     = 0x1
	PollPri    = 0x2
	PollOut    = 0x4
	PollErr    = 0x8
	PollHup    = 0x10
	PollNval   = 0x20
	PollRdNorm = 0x40
	PollRdBand = 0x80
)
