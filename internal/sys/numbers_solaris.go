//go:build !illumos

package sys

// Constants of Solaris.
const (
	PipeBuf = 5120 // PIPE_BUF

	PollWrNorm = PollOut
	PollWrBand = 0x100
	PollMsg    = PollAbsent
	PollRdHup  = PollAbsent

	PollAbsent      = 0x8000
	PollAbsentNames = "Msg or RdHup"
)
