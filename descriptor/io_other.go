//go:build !unix && !windows

package descriptor

import "errors"

func (direction) try(int, []byte) (int, error) { return 0, errors.ErrUnsupported }
