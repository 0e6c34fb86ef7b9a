//go:build !linux

package netpark

import "errors"

func duplicate(int) (int, error) { return -1, errors.ErrUnsupported }

func setNonblock(int) error { return errors.ErrUnsupported }

func closeFD(int) error { return errors.ErrUnsupported }
