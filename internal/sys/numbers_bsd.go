//go:build darwin || dragonfly || netbsd || openbsd

package sys

// Constants of macOS and the BSDs except FreeBSD.
const (
	PipeBuf = 512 // PIPE_BUF

	PollWrNorm = PollOut
	PollWrBand = 0x100
	PollMsg    = PollAbsent
	PollRdHup  = PollAbsent

	PollAbsent      = 0x8000
	PollAbsentNames = "Msg or RdHup"
)
