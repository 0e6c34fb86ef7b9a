package lazy_test

import (
	"errors"
	"io"
	"testing"

	"iomux/internal/lazy"
)

func TestErrorfFormatsAndWraps(t *testing.T) {
	one := lazy.Errorf("read: %v: again", io.EOF)
	if one.Error() != "read: EOF: again" || errors.Unwrap(one) != io.EOF {
		t.Errorf("one error: %v, wraps %v", one, errors.Unwrap(one))
	}
	two := lazy.Errorf("%v, %v", io.EOF, io.ErrClosedPipe)
	if two.Error() != "EOF, io: read/write on closed pipe" || !errors.Is(two, io.EOF) || !errors.Is(two, io.ErrClosedPipe) {
		t.Errorf("two errors: %v", two)
	}
}
