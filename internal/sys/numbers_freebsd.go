package sys

import "golang.org/x/sys/unix"

// Constants of FreeBSD.
const (
	PipeBuf     = 512 // PIPE_BUF
	MsgDontWait = unix.MSG_DONTWAIT

	PollWrNorm = PollOut
	PollWrBand = 0x100
	PollMsg    = PollAbsent
	PollRdHup  = 0x4000

	PollAbsent      = 0x8000
	PollAbsentNames = "Msg"
)
