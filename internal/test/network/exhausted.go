package network

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
)

// exhausted is a listener of a process without free descriptors. Its third Accept ends the server.
type exhausted struct {
	*net.TCPListener
	end     func()
	accepts int
}

func (l *exhausted) Accept() (net.Conn, error) {
	if l.accepts++; l.accepts == 3 {
		l.end()
	}
	return nil, syscall.EMFILE
}

// ServeWithoutDescriptors runs a server that cannot accept a waiting connection. The server should
// pause after each attempt, and return the error of its context.
func ServeWithoutDescriptors(t *testing.T, serve func(context.Context, net.Listener) error, pause time.Duration) {
	t.Helper()
	Need(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	start := time.Now()
	err = serve(ctx, &exhausted{TCPListener: listener.(*net.TCPListener), end: cancel})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("serve: %v, want context.Canceled", err)
	}
	if elapsed := time.Since(start); elapsed < 2*pause {
		t.Errorf("the server accepted three times in %v, want a pause after each", elapsed)
	}
	_, _ = conn.Close(), listener.Close()
}
