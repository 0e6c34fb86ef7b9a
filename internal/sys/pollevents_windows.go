package sys

// The events of poll(2). WSAPoll has numbers of its own, which are of no use elsewhere: these are Linux' numbers.
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
	PollWrBand = PollAbsent
	PollMsg    = PollAbsent
	PollRdHup  = 0x2000
)

// PollAbsent is a bit that no event of this system has: it stands for those that the system lacks.
const (
	PollAbsent      = 0x8000
	PollAbsentNames = "WrBand or Msg"
)
