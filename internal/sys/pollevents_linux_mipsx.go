//go:build linux && (mips || mipsle || mips64 || mips64le)

package sys

// The events of poll(2), with Linux' MIPS numbers.
const (
	PollIn     = 0x1
	PollPri    = 0x2
	PollOut    = 0x4
	PollErr    = 0x8
	PollHup    = 0x10
	PollNval   = 0x20
	PollRdNorm = 0x40
	PollRdBand = 0x80
	PollWrNorm = PollOut
	PollWrBand = 0x100
	PollMsg    = 0x400
	PollRdHup  = 0x2000
)

// PollAbsent would stand for events that the system lacks: it has them all.
const (
	PollAbsent      = 0
	PollAbsentNames = ""
)
