//go:build darwin || dragonfly || netbsd || openbsd || (solaris && !illumos)

package sys

// Events of poll(2) on macOS, Solaris and the BSDs except FreeBSD.
const (
	PollWrNorm = PollOut
	PollWrBand = 0x100
	PollMsg    = PollAbsent
	PollRdHup  = PollAbsent

	PollAbsent      = 0x8000
	PollAbsentNames = "Msg or RdHup"
)
