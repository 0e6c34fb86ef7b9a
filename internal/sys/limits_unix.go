//go:build unix

package sys

import "golang.org/x/sys/unix"

// MaxDescriptors is RLIMIT_NOFILE, 0 for infinity.
func MaxDescriptors() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || uint64(limit.Cur) == unix.RLIM_INFINITY {
		return 0
	}
	return uint64(limit.Cur)
}
