//go:build !unix && !windows

package waker

import (
	"errors"

	"iomux/internal/fdref"
)

type ends struct{ reader fdref.Descriptor }

// New fails: no descriptors are waited on here.
func New() (*Waker, error) { return nil, errors.ErrUnsupported }

// Close closes nothing.
func (b *Waker) Close() error { return errors.ErrUnsupported }

func (b *Waker) ring() {}

func (b *Waker) drain() {}
