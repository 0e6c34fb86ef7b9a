//go:build !mips && !mipsle && !mips64 && !mips64le

package sys

// Events of poll(2) on Linux.
const (
	PollWrNorm = 0x100
	PollWrBand = 0x200
	PollMsg    = 0x400
	PollRdHup  = 0x2000

	PollAbsent      = 0
	PollAbsentNames = ""
)
