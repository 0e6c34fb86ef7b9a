package iomux_test

import (
	"testing"

	"iomux/internal/test/suite"
)

func stressPipe(t testing.TB) (r, w int, err error) {
	r, w = suite.Pipe(t)
	return r, w, nil
}

func stressDuplicate(t testing.TB, fd int) int { return suite.Duplicate(t, fd, 0) }

func stressLimit(testing.TB) {} // Windows has none

func stressClose(t testing.TB, fd int) error {
	suite.Close(t, fd)
	return nil
}

func stressWrite(t testing.TB, fd int) (int, error) {
	suite.Write(t, fd)
	return 1, nil
}

func stressRead(t testing.TB, fd int, _ []byte) (int, error) { return suite.Drain(t, fd), nil }
