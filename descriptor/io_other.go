//go:build !unix && !windows

package descriptor

import "errors"

func tryRead(int, []byte) (int, error) { return 0, errors.ErrUnsupported }

func tryWrite(int, []byte) (int, error) { return 0, errors.ErrUnsupported }
