//go:build darwin || dragonfly || netbsd || openbsd || (solaris && !illumos)

package sys

// The events of poll(2), with the BSDs', macOS' and Solaris' numbers.
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
	PollMsg    = PollAbsent
	PollRdHup  = PollAbsent
)

// PollAbsent is a bit that no event of this system has: it stands for those that the system lacks.
const (
	PollAbsent      = 0x8000
	PollAbsentNames = "Msg or RdHup"
)
