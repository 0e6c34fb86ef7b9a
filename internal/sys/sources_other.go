//go:build !linux && !windows

package sys

import "time"

// MaxWatches returns 0, because this system has no epoll.
func MaxWatches() uint64 { return 0 }

// EpollResolution returns 0, because this system has no epoll.
func EpollResolution() time.Duration { return 0 }
