//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"iomux/internal/test/network"
)

func start(t *testing.T) (address string) {
	t.Helper()
	network.Need(t)
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
			t.Error("serve:", err)
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
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestEcho(t *testing.T) {
	address := start(t)
	var all sync.WaitGroup
	for range 20 {
		conn := dial(t, address)
		all.Go(func() {
			defer func() { _ = conn.Close() }()
			for range 50 {
				if _, err := conn.Write([]byte("hello")); err != nil {
					t.Error(err)
				}
				answer := make([]byte, 5)
				if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "hello" {
					t.Errorf("the answer is %q, %v, want hello", answer, err)
				}
			}
		})
	}
	all.Wait()
}

// TestEchoOfASlowReader sends more than the buffers hold before it reads.
func TestEchoOfASlowReader(t *testing.T) {
	conn := dial(t, start(t))
	defer func() { _ = conn.Close() }()
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(sent)
		written <- err
	}()
	time.Sleep(50 * time.Millisecond)
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("the received data differs from the sent data, or is incomplete: %v", err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}
