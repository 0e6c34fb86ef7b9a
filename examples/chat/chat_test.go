package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/network"
)

// visitor is a client of the room.
type visitor struct {
	net.Conn
	lines *bufio.Reader
}

func enter(t *testing.T, address string) visitor {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(time.Minute))
	}
	if err != nil {
		t.Fatal(err)
	}
	return visitor{conn, bufio.NewReader(conn)}
}

func (v visitor) hears(t *testing.T, end string) {
	t.Helper()
	line, err := v.lines.ReadString('\n')
	if err != nil || !strings.HasSuffix(line, end+"\n") {
		t.Fatalf("heard %q, %v, want it to end with %q", line, err, end)
	}
}

func TestChat(t *testing.T) {
	if len(iomux.Mechanisms()) == 0 {
		t.Skip("this system has no mechanism yet")
	}
	network.Need(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener) }()

	anna := enter(t, listener.Addr().String())
	anna.hears(t, "we are 1")
	bert := enter(t, listener.Addr().String())
	anna.hears(t, "we are 2")
	bert.hears(t, "we are 2")
	fmt.Fprint(anna, "hello\nhow are")
	bert.hears(t, anna.LocalAddr().String()+": hello")
	fmt.Fprint(anna, " you?\n")
	bert.hears(t, ": how are you?")
	if err := bert.Close(); err != nil {
		t.Error(err)
	}
	anna.hears(t, "we are 1")

	cancel()
	if err := <-served; !errors.Is(err, context.Canceled) {
		t.Error("serve:", err)
	}
	if _, err := anna.lines.ReadString('\n'); err == nil {
		t.Error("the guest received a line after the room was closed")
	}
	_, _ = anna.Close(), listener.Close()
}

func TestServerDoesNotSpinWithoutDescriptors(t *testing.T) {
	if len(iomux.Mechanisms()) == 0 {
		t.Skip("this system has no mechanism yet")
	}
	network.ServeWithoutDescriptors(t, serve, patience)
}
