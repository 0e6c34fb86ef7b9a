//go:build darwin || dragonfly || netbsd || openbsd

package sys

import "golang.org/x/sys/unix"

// Constants of macOS and the BSDs except FreeBSD.
const (
	PipeBuf     = 512 // PIPE_BUF
	MsgDontWait = unix.MSG_DONTWAIT

	PollWrNorm = PollOut
	PollWrBand = 0x100
	PollMsg    = PollAbsent
	PollRdHup  = PollAbsent

	PollAbsent      = 0x8000
	PollAbsentNames = "Msg or RdHup"
)
