package sys

// The events of poll(2), with AIX' numbers.
const (
	PollIn     = 0x1
	PollPri    = 0x4
	PollOut    = 0x2
	PollErr    = 0x4000
	PollHup    = 0x2000
	PollNval   = 0x8000
	PollRdNorm = 0x10
	PollRdBand = 0x20
	PollWrNorm = PollOut
	PollWrBand = 0x40
	PollMsg    = 0x80
	PollRdHup  = PollAbsent
)

// PollAbsent is a bit that no event of this system has: it stands for those that the system lacks.
const (
	PollAbsent      = 0x1000
	PollAbsentNames = "RdHup"
)
