//go:build linux && (mips || mipsle || mips64 || mips64le)

package sys

// Events of poll(2) on Linux on MIPS.
const (
	PollWrNorm = PollOut
	PollWrBand = 0x100
	PollMsg    = 0x400
	PollRdHup  = 0x2000

	PollAbsent      = 0
	PollAbsentNames = ""
)
