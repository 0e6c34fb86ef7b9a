package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"iomux/descriptor"
	"iomux/epoll"
)

// server is an epoll and the connections in it. Their keys are the data of their events, so a
// number that is closed and reused is never mistaken for its predecessor.
type server struct {
	poller   *epoll.Poller
	listener net.Listener
	clients  map[uint64]net.Conn
	newest   uint64
}

// theListener is the key of the listener.
const theListener = 0

// patience is the longest time that the server waits for a client that does not read.
const patience = 100 * time.Millisecond

// serve serves clients until the context is done.
func serve(ctx context.Context, listener net.Listener) error {
	poller, err := epoll.New(epoll.CloseOnExec)
	if err != nil {
		return err
	}
	s := &server{poller: poller, listener: listener, clients: make(map[uint64]net.Conn)}
	defer context.AfterFunc(ctx, func() { _ = poller.Close() })()
	defer func() {
		for key := range s.clients {
			s.hangUp(key)
		}
		_ = poller.Close() // the context may have closed it
	}()
	if err := s.register(listener, theListener); err != nil {
		return err
	}
	err = s.loop()
	if errors.Is(err, os.ErrClosed) {
		return ctx.Err()
	}
	return err
}

// register registers a listener or a connection.
func (s *server) register(source any, key uint64) error {
	fd, err := descriptor.Of(source)
	if err != nil {
		return err
	}
	return s.poller.RegisterData(fd, epoll.In, key)
}

func (s *server) loop() error {
	events := make([]epoll.Event, 64)
	buffer := make([]byte, 4096)
	for {
		n, err := s.poller.Poll(events, -1)
		if err != nil {
			return err
		}
		for _, event := range events[:n] {
			switch key := event.Data(); {
			case key == theListener:
				s.accept()
			case s.answer(key, buffer) != nil:
				s.hangUp(key)
			}
		}
	}
}

// accept accepts a new client, unless it is gone already.
func (s *server) accept() {
	if l, ok := s.listener.(*net.TCPListener); ok {
		_ = l.SetDeadline(time.Now().Add(patience))
	}
	conn, err := s.listener.Accept()
	if err != nil {
		// The listener stays ready while no descriptor is free, and the loop must not spin.
		fmt.Fprintln(os.Stderr, "shout:", err)
		time.Sleep(patience)
		return
	}
	s.newest++
	if s.register(conn, s.newest) != nil {
		_ = conn.Close()
		return
	}
	s.clients[s.newest] = conn
}

// answer reads once, which does not block, and writes the answer.
func (s *server) answer(key uint64, buffer []byte) error {
	conn := s.clients[key]
	n, err := conn.Read(buffer)
	if err != nil {
		return err
	}
	if err := conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err = conn.Write(bytes.ToUpper(buffer[:n]))
	return err
}

// hangUp unregisters a client before it closes the connection, as every epoll program should.
func (s *server) hangUp(key uint64) {
	conn := s.clients[key]
	delete(s.clients, key)
	if fd, err := descriptor.Of(conn); err == nil {
		_ = s.poller.Unregister(fd) // closing unregisters it as well
	}
	_ = conn.Close()
}
