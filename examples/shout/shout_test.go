package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"iomux/epoll"
	"iomux/internal/test/network"
)

// needsEpoll skips the test on systems without epoll.
func needsEpoll(t *testing.T) {
	t.Helper()
	poller, err := epoll.New()
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		t.Skip("this system has no epoll:", err)
	case err != nil:
		t.Fatal(err)
	}
	if err := poller.Close(); err != nil {
		t.Error(err)
	}
}

// start runs a server until the end of the test.
func start(t *testing.T) (address string) {
	t.Helper()
	network.Need(t)
	needsEpoll(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; !errors.Is(err, context.Canceled) {
			t.Errorf("serve: %v, want context.Canceled", err)
		}
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(time.Minute))
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestClientsHearShouts(t *testing.T) {
	address := start(t)
	var all sync.WaitGroup
	for range 10 {
		conn := dial(t, address)
		all.Go(func() {
			defer func() { _ = conn.Close() }()
			answer := make([]byte, 5)
			for range 20 {
				if _, err := conn.Write([]byte("hello")); err != nil {
					t.Error(err)
				}
				if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HELLO" {
					t.Errorf("the answer is %q, %v, want HELLO", answer, err)
				}
			}
		})
	}
	all.Wait()
}

// TestServerSurvivesClientsThatLeave checks that the server serves a client after others have left.
func TestServerSurvivesClientsThatLeave(t *testing.T) {
	address := start(t)
	for range 20 {
		conn := dial(t, address)
		if _, err := conn.Write([]byte("bye")); err != nil {
			t.Error(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	conn := dial(t, address)
	defer func() { _ = conn.Close() }()
	answer := make([]byte, 1)
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(conn, answer); err != nil || answer[0] != 'X' {
		t.Errorf("the answer is %q, %v, want X", answer, err)
	}
}

func TestServerHangsUpAtItsEnd(t *testing.T) {
	network.Need(t)
	needsEpoll(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener) }()
	conn := dial(t, listener.Addr().String())
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-served; !errors.Is(err, context.Canceled) {
		t.Errorf("serve: %v, want context.Canceled", err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
	_, _ = conn.Close(), listener.Close()
}

func TestServerDoesNotSpinWithoutDescriptors(t *testing.T) {
	needsEpoll(t)
	network.ServeWithoutDescriptors(t, serve, patience)
}
