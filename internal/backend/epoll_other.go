//go:build !linux

package backend

import "errors"

// NewEpoll fails: the Poller uses epoll(7) on Linux only.
func NewEpoll(bool) (Backend, error) { return nil, errors.ErrUnsupported }
