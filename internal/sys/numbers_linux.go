//go:build !mips && !mipsle && !mips64 && !mips64le

package sys

import "golang.org/x/sys/unix"

// Constants of Linux.
const (
	PipeBuf     = 4096 // PIPE_BUF
	MsgDontWait = unix.MSG_DONTWAIT

	PollWrNorm = 0x100
	PollWrBand = 0x200
	PollMsg    = 0x400
	PollRdHup  = 0x2000

	PollAbsent      = 0
	PollAbsentNames = ""
)
