// Package output writes to the standard output and the standard error, which other programs may
// have made non-blocking.
package output

import (
	"errors"
	"os"
	"syscall"

	"iomux/poll"
)

// Stdout and Stderr wait for room if another program has made their open file non-blocking.
var (
	Stdout = writer{os.Stdout, 1}
	Stderr = writer{os.Stderr, 2}
)

type writer struct {
	file *os.File
	fd   int32
}

// Write writes all of p, unless there is an error other than missing room.
func (w writer) Write(p []byte) (written int, err error) {
	for {
		n, err := w.file.Write(p[written:])
		written += n
		if !errors.Is(err, syscall.EAGAIN) {
			return written, err
		}
		if _, failed := poll.Wait([]poll.FD{{FD: w.fd, Events: poll.Out}}, -1); failed != nil {
			return written, err
		}
	}
}
