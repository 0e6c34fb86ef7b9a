//go:build freebsd || illumos

package sys

// Events of poll(2) on FreeBSD and illumos, which have PollRdHup.
const (
	PollWrNorm = PollOut
	PollWrBand = 0x100
	PollMsg    = PollAbsent
	PollRdHup  = 0x4000

	PollAbsent      = 0x8000
	PollAbsentNames = "Msg"
)
