//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd

package backend

import "errors"

// NewKqueue fails: the system has neither kqueue(2) nor an emulation of it.
func NewKqueue() (Backend, error) { return nil, errors.ErrUnsupported }
