//go:build !linux

package sys

import "time"

// MaxWatches is 0: there is no epoll.
func MaxWatches() uint64 { return 0 }

// EpollResolution is 0: there is no epoll.
func EpollResolution() time.Duration { return 0 }
