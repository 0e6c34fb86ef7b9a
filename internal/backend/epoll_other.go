//go:build !linux

package backend

import (
	"errors"
	"time"
)

// NewEpoll returns errors.ErrUnsupported: the Poller uses epoll(7) on Linux only.
func NewEpoll(bool) (Backend, error) { return nil, errors.ErrUnsupported }

// EpollLimits returns zeros, because this system has no epoll(7).
func EpollLimits() (watches uint64, resolution time.Duration) { return 0, 0 }
