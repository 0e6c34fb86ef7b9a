//go:build !unix && !windows

package sys

// Constants of systems without poll(2), select(2) and pipes.
const (
	PipeBuf = 0

	PollWrNorm = 0x100
	PollWrBand = 0x200
	PollMsg    = 0x400
	PollRdHup  = 0x2000

	PollAbsent      = 0
	PollAbsentNames = ""

	PollResolution   = 0
	SelectResolution = 0
	SelectLimit      = 0
)

// SelectWord is a word of the descriptor sets of package selectfd.
type SelectWord = uint

// MaxDescriptors returns 0, because this system has no limit that programs can read.
func MaxDescriptors() uint64 { return 0 }

// IsOpen returns false, because this system has no descriptors.
func IsOpen(int) bool { return false }

// FileID has a single value, because a Poller has no always-ready files on this system.
type FileID struct{}

// Identify returns the only FileID.
func Identify(int) FileID { return FileID{} }

// pollIgnoresRdHup returns false, because only old kernels of FreeBSD ignore RdHup.
func pollIgnoresRdHup() bool { return false }
