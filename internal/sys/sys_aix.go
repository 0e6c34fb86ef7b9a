package sys

import "golang.org/x/sys/unix"

// Constants of AIX.
const (
	PipeBuf     = 32768 // PIPE_BUF
	MsgDontWait = unix.MSG_NONBLOCK

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

	PollAbsent      = 0x1000
	PollAbsentNames = "RdHup"
)
