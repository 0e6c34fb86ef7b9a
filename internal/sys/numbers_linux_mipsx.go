//go:build linux && (mips || mipsle || mips64 || mips64le)

package sys

import "golang.org/x/sys/unix"

// Constants of Linux on MIPS.
const (
	PipeBuf     = 4096 // PIPE_BUF
	MsgDontWait = unix.MSG_DONTWAIT

	PollWrNorm = PollOut
	PollWrBand = 0x100
	PollMsg    = 0x400
	PollRdHup  = 0x2000

	PollAbsent      = 0
	PollAbsentNames = ""
)
