//go:build !unix && !windows

package sys

// The events of poll(2). This system has none of its own: these are Linux' numbers.
const (
	PollIn     = 0x1
	PollPri    = 0x2
	PollOut    = 0x4
	PollErr    = 0x8
	PollHup    = 0x10
	PollNval   = 0x20
	PollRdNorm = 0x40
	PollRdBand = 0x80
	PollWrNorm = 0x100
	PollWrBand = 0x200
	PollMsg    = 0x400
	PollRdHup  = 0x2000
)

// PollAbsent would stand for events that the system lacks: it has them all.
const (
	PollAbsent      = 0
	PollAbsentNames = ""
)
