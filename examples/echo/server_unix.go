//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/descriptor"
)

// server serves all connections on one goroutine, with one buffer. An idle connection costs only
// its registration.
type server struct {
	poller   *iomux.Poller[*connection]
	listener int
	buffer   []byte
	all      []*connection
}

// connection is the server's end of a connection.
type connection struct {
	fd           int
	place        int // in server.all
	registration *iomux.Registration[*connection]
	unsent       []byte // data that the client has no room for yet
}

// serve serves clients until the context is done.
func serve(ctx context.Context, listener net.Listener) (err error) {
	// File returns a duplicate of the descriptor. It is non-blocking, and the server closes it.
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	s := &server{buffer: make([]byte, 64<<10)}
	if s.listener, err = descriptor.Of(file); err != nil {
		return err
	}
	if s.poller, err = iomux.New[*connection](); err != nil {
		return err
	}
	defer func() {
		for len(s.all) > 0 {
			s.hangUp(s.all[0])
		}
		err = errors.Join(err, s.poller.Close())
	}()
	if _, err := s.poller.Register(file, iomux.Readable, nil); err != nil {
		return err
	}
	return s.loop(ctx)
}

func (s *server) loop(ctx context.Context) error {
	events := make([]iomux.Event[*connection], 256)
	for {
		n, err := s.poller.Wait(ctx, events)
		if err != nil {
			return err
		}
		for _, event := range events[:n] {
			c := event.Key
			if c == nil {
				err = s.accept()
			} else if c.fd >= 0 { // an earlier event may have closed it
				err = s.answer(c)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "echo:", err)
			}
		}
	}
}

func (s *server) accept() error {
	syscall.ForkLock.RLock() // no child inherits the descriptor before it is close-on-exec
	fd, _, err := unix.Accept(s.listener)
	if err == nil {
		unix.CloseOnExec(fd)
		err = unix.SetNonblock(fd, true)
	}
	syscall.ForkLock.RUnlock()
	if err == unix.EAGAIN || err == unix.ECONNABORTED {
		return nil // the client is gone already
	}
	if err != nil {
		// The listener stays ready while no descriptor is free, and the loop must not spin.
		time.Sleep(100 * time.Millisecond)
		return os.NewSyscallError("accept", err)
	}
	c := &connection{fd: fd, place: len(s.all)}
	if c.registration, err = s.poller.RegisterFD(fd, iomux.Readable, c); err != nil {
		return errors.Join(err, unix.Close(fd))
	}
	s.all = append(s.all, c)
	return nil
}

// answer sends the received data back. It reads no more until the client has taken all of it.
func (s *server) answer(c *connection) error {
	data := c.unsent
	if len(data) == 0 {
		n, err := descriptor.TryRead(c.fd, s.buffer)
		if err == unix.EAGAIN {
			return nil
		}
		if n <= 0 || err != nil { // the end or an error: the client is gone in both cases
			s.hangUp(c)
			return nil //nolint:nilerr // the client caused the error
		}
		data = s.buffer[:n]
	}
	n, err := descriptor.TryWrite(c.fd, data)
	if err != nil && err != unix.EAGAIN {
		s.hangUp(c)
		return nil
	}
	switch rest := data[n:]; {
	case len(rest) > 0:
		c.unsent = append(c.unsent[:0], rest...)
		return c.registration.Modify(iomux.Writable)
	case len(c.unsent) > 0:
		c.unsent = nil
		return c.registration.Modify(iomux.Readable)
	}
	return nil
}

func (s *server) hangUp(c *connection) {
	last := s.all[len(s.all)-1]
	s.all[c.place], last.place = last, c.place
	s.all[len(s.all)-1] = nil
	s.all = s.all[:len(s.all)-1]
	// Nobody is left to receive the errors.
	_, _ = c.registration.Unregister(), unix.Close(c.fd)
	c.fd = -1
}
