//go:build unix

// Serial reads lines from a serial line, a pseudo-terminal or another device. It gives up if none
// arrives in time:
//
//	serial /dev/ttyUSB0 5s
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"iomux"
	"iomux/descriptor"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "serial:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) != 2 {
		return errors.New("usage: serial device timeout")
	}
	timeout, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	// Without O_NONBLOCK, opening a serial line waits for its carrier. Nothing else needs the
	// mode.
	device, err := os.OpenFile(args[0], os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer func() { _ = device.Close() }()
	lines, err := newReader(device)
	if err != nil {
		return err
	}
	defer lines.close()
	for {
		line, err := lines.read(timeout)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, context.DeadlineExceeded):
			return fmt.Errorf("%s: no complete line in %v: %w", args[0], timeout, err)
		case err != nil:
			return err
		}
		fmt.Fprintf(out, "%s\n", line)
	}
}

// reader reads lines from a device.
type reader struct {
	poller *iomux.Poller[struct{}]
	fd     int
	rest   []byte
}

func newReader(device *os.File) (*reader, error) {
	fd, err := descriptor.Of(device)
	if err != nil {
		return nil, err
	}
	poller, err := iomux.New[struct{}]()
	if err != nil {
		return nil, err
	}
	if _, err := poller.Register(device, iomux.Readable, struct{}{}); err != nil {
		return nil, errors.Join(err, poller.Close())
	}
	return &reader{poller: poller, fd: fd}, nil
}

// close closes the poller, which also ends a read in progress.
func (r *reader) close() { _ = r.poller.Close() }

// read returns the next line, or context.DeadlineExceeded if the line is not complete in time.
func (r *reader) read(timeout time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var events [1]iomux.Event[struct{}]
	buffer := make([]byte, 4096)
	for {
		if line, rest, found := bytes.Cut(r.rest, []byte("\n")); found {
			r.rest = rest
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		if _, err := r.poller.Wait(ctx, events[:]); err != nil {
			return nil, err
		}
		n, err := descriptor.TryRead(r.fd, buffer)
		switch {
		case err == syscall.EAGAIN:
		// Linux returns EIO if the other end of a pseudo-terminal was closed.
		case err == syscall.EIO || err == nil && n == 0:
			return nil, io.EOF
		case err != nil:
			return nil, err
		}
		r.rest = append(r.rest, buffer[:max(n, 0)]...)
	}
}
