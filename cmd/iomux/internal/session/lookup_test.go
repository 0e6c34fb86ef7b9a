//go:build unix

package session

import (
	"context"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// nameServer answers each query for an IPv4 address with 127.0.0.1, once answers is set.
type nameServer struct {
	address string
	answers atomic.Bool
}

// useNameServer makes lookups ask a new server.
func useNameServer(t *testing.T) *nameServer {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &nameServer{address: socket.LocalAddr().String()}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.serve(socket)
	}()
	before := net.DefaultResolver
	dialer := net.Dialer{Resolver: before} // cancelled lookups may use it after the test
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "udp", server.address)
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		_ = socket.Close()
		<-served
	})
	return server
}

func (s *nameServer) serve(socket net.PacketConn) {
	query := make([]byte, 512)
	for {
		n, peer, err := socket.ReadFrom(query)
		if err != nil {
			return
		}
		if s.answers.Load() {
			_, _ = socket.WriteTo(answerTo(query[:n]), peer)
		}
	}
}

// answerTo returns the answer to a query with one question, as RFC 1035 defines it.
func answerTo(query []byte) []byte {
	const header = 12
	end := header
	for query[end] != 0 { // the labels of the name
		end += int(query[end]) + 1
	}
	question := query[header : end+5]
	isIPv4 := question[len(question)-3] == 1
	answer := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
	if isIPv4 {
		answer[7] = 1 // one record: name of the question, type A, class IN, 60 s, 4 bytes
		answer = append(answer, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1)
	}
	return answer
}

// repeatedQuery is the time after which package net repeats a query without an answer.
const repeatedQuery = 5 * time.Second

// TestLookupBesideOneThatHangs loses the queries of the first lookup. A later one finds the
// address, long before package net repeats the query.
func TestLookupBesideOneThatHangs(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	for _, name := range Mechanisms() {
		mechanism, err := Mechanism(name)
		if err != nil {
			t.Fatal(err)
		}
		server := useNameServer(t)
		s, target := newTarget(t, mechanism, source{
			kind: kindTCP, host: "iomux.invalid.", port: strconv.Itoa(listener.Addr().(*net.TCPAddr).Port),
		})
		s.Retry = time.Millisecond
		target.open()
		first := target.looking[0]
		turnUntil(t, s, func() bool { return len(target.looking) >= 2 })
		for range 2 * maxAttempts { // no more than that at once
			target.open()
		}
		if len(target.looking) != maxAttempts || target.looking[0] != first {
			t.Errorf("%s: %d lookups run, want %d with the first", name, len(target.looking), maxAttempts)
		}
		server.answers.Store(true)
		target.open()
		if r := untilFound(t, s); r.ready != connected || r.elapsed >= repeatedQuery {
			t.Errorf("%s: %+v, want a connection before %v", name, r, repeatedQuery)
		}
		if len(target.looking) != 0 {
			t.Errorf("%s: %d lookups are left", name, len(target.looking))
		}
	}
}

// TestLookupRunsOnceWithoutRetry waits longer than the head start for a lookup that hangs.
func TestLookupRunsOnceWithoutRetry(t *testing.T) {
	useNameServer(t)
	mechanism, err := Mechanism("")
	if err != nil {
		t.Fatal(err)
	}
	s, target := newTarget(t, mechanism, source{kind: kindTCP, host: "iomux.invalid.", port: "1"})
	s.Timeout = 2 * headStart
	target.open()
	for over := false; !over; {
		if over, err = s.turn(); err != nil {
			t.Fatal(err)
		}
	}
	if len(target.looking) != 1 || len(s.found) != 0 {
		t.Errorf("%d lookups, found %v, want one lookup", len(target.looking), s.found)
	}
	if why := target.obstacle(); why != " (no answer to the lookup of iomux.invalid.)" {
		t.Errorf("the reason is %q", why)
	}
}
