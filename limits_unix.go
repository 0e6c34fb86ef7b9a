//go:build unix

package iomux

import (
	"golang.org/x/sys/unix"

	"iomux/internal/sys"
)

func selectLimits() Limits {
	limits := Limits{Descriptors: maxDescriptors(), Resolution: sys.SelectResolution}
	if sys.SelectLimit != 0 {
		limits.Highest = sys.SelectLimit - 1
	}
	return limits
}

func pollLimits() Limits {
	return Limits{Descriptors: maxDescriptors(), Entries: maxDescriptors(), Resolution: sys.PollResolution}
}

// maxDescriptors is RLIMIT_NOFILE, 0 for infinity.
func maxDescriptors() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || uint64(limit.Cur) == unix.RLIM_INFINITY {
		return 0
	}
	return uint64(limit.Cur)
}
