//go:build unix

package sys

import "golang.org/x/sys/unix"

// MaxDescriptors is RLIMIT_NOFILE, 0 for infinity.
func MaxDescriptors() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return finite(uint64(limit.Cur))
}

// finite is the limit, 0 for infinity.
func finite(limit uint64) uint64 {
	if limit == unix.RLIM_INFINITY {
		return 0
	}
	return limit
}
