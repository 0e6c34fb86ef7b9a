//go:build !unix && !windows

package bell

import (
	"errors"

	"iomux/internal/owned"
)

type ends struct{ reader owned.Descriptor }

// New fails: no descriptors are waited on here.
func New() (*Bell, error) { return nil, errors.ErrUnsupported }

// Close closes nothing.
func (b *Bell) Close() error { return errors.ErrUnsupported }

func (b *Bell) ring() {}

func (b *Bell) drain() {}
