//go:build !linux

package iomux

import "errors"

func newEpollBackend(bool) (backend, error) { return nil, errors.ErrUnsupported }
