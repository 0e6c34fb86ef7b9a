//go:build unix

package iomux_test

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/descriptor"
	"iomux/internal/test/suite"
)

// A one-shot registration with two directions is reported once, even with room for a single event.
func TestOneShotOfTwoDirections(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		const both = iomux.Readable | iomux.Writable
		a, b := suite.SocketPair(t, unix.SOCK_STREAM)
		suite.Write(t, b)
		r := register(t, p, a, both|iomux.OneShot)
		var events [1]iomux.Event[int]
		for range 3 {
			n, err := p.WaitTimeout(events[:], soon)
			if n != 1 || err != nil || events[0].Registration != r || events[0].Ready&both == 0 {
				t.Fatalf("events are %+v, %v", events[:n], err)
			}
			expectNothing(t, p)
			must(t, r.Modify(both|iomux.OneShot))
		}
		suite.Drain(t, a)
		must(t, r.Modify(both|iomux.OneShot))
		if event := expect(t, p, r, iomux.Writable); event.Ready != iomux.Writable {
			t.Errorf("ready is %v", event.Ready)
		}
		suite.Write(t, b) // the other direction
		expectNothing(t, p)
		must(t, r.Modify(both))
		expect(t, p, r, both)
	})
}

// A source registered for no direction is reported only at its end, and then by every Wait.
func TestEndAlone(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		if !p.Supports(iomux.Hangup) {
			t.Skip("this mechanism has no Hangup")
		}
		fd, w := suite.Pipe(t)
		r := register(t, p, fd, iomux.Hangup)
		suite.Write(t, w)
		expectNothing(t, p)
		suite.Close(t, w)
		for range 3 {
			if event := expect(t, p, r, iomux.Hangup); event.Ready != iomux.Hangup {
				t.Errorf("ready is %v", event.Ready)
			}
		}
		must(t, r.Modify(iomux.Hangup|iomux.OneShot))
		expect(t, p, r, iomux.Hangup)
		expectNothing(t, p)
		must(t, r.Modify(iomux.Errored))
		expect(t, p, r, iomux.Hangup) // reported without a request
	})
}

// ReadHangup is reported in the same way with and without Writable.
func TestPeerHasGone(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		if !p.Supports(iomux.ReadHangup) {
			t.Skip("this mechanism has no ReadHangup")
		}
		client, server := suite.TCPPair(t)
		r := register(t, p, server, iomux.ReadHangup|iomux.Writable)
		if event := expect(t, p, r, iomux.Writable); event.Ready != iomux.Writable {
			t.Errorf("ready is %v", event.Ready)
		}
		must(t, r.Modify(iomux.ReadHangup))
		suite.Write(t, client)
		expectNothing(t, p)
		must(t, unix.Shutdown(client, unix.SHUT_WR))
		for range 3 {
			expect(t, p, r, iomux.ReadHangup)
		}
		must(t, r.Modify(iomux.ReadHangup|iomux.Writable))
		for range 3 {
			expect(t, p, r, iomux.ReadHangup|iomux.Writable)
		}
		if !p.Supports(iomux.Edge) {
			return
		}
		must(t, r.Modify(iomux.ReadHangup|iomux.Edge))
		expect(t, p, r, iomux.ReadHangup)
		expectNothing(t, p)
	})
}

// A peer that has shut down its sending side can still read. A peer that has closed the socket
// cannot: a write then shows the difference.
func TestPeerThatOnlyShutDownStillReads(t *testing.T) {
	pairs := map[string]func(*testing.T) (peer, own int){
		"TCP":  func(t *testing.T) (int, int) { return suite.TCPPair(t) },
		"Unix": func(t *testing.T) (int, int) { return suite.SocketPair(t, unix.SOCK_STREAM) },
	}
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
				if !p.Supports(iomux.ReadHangup) {
					t.Skip("this mechanism has no ReadHangup")
				}
				peer, own := pair(t)
				r := register(t, p, own, iomux.ReadHangup)
				must(t, unix.Shutdown(peer, unix.SHUT_WR))
				if event := expect(t, p, r, iomux.ReadHangup); event.Ready != iomux.ReadHangup {
					t.Errorf("after a shutdown %v is ready", event.Ready)
				}
				suite.Write(t, own)
				suite.Await(t, peer, suite.In)
				suite.Drain(t, peer)
				suite.Close(t, peer)
				expect(t, p, r, iomux.ReadHangup)
				ended := iomux.Hangup | iomux.Errored
				for end := time.Now().Add(soon); ; {
					// The first write can succeed.
					_, _ = descriptor.TryWrite(own, []byte{1})
					if event := expect(t, p, r, iomux.ReadHangup); event.Ready&ended != 0 {
						break
					}
					if time.Now().After(end) {
						t.Fatal("after a close neither Hangup nor Errored is ready")
					}
				}
			})
		})
	}
}

// A second Register fails, and does not change a registration with two directions.
func TestDoubleRegisterOfTwoDirections(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		a, b := suite.SocketPair(t, unix.SOCK_STREAM)
		r := register(t, p, a, iomux.Readable|iomux.Writable)
		_, err := p.RegisterFD(a, iomux.Readable, 2)
		isErr(t, err, unix.EEXIST)
		suite.Write(t, b)
		if event := expect(t, p, r, iomux.Readable|iomux.Writable); event.Key != a {
			t.Errorf("the key is %d", event.Key)
		}
		if err := r.Modify(1 << 20); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Modify: %v", err)
		}
		expect(t, p, r, iomux.Readable|iomux.Writable)
		must(t, r.Unregister())
		expectNothing(t, p)
	})
}

// Data that arrives at sources registered for no direction does not hide ready sources.
func TestUnrequestedArrivalsHideNothing(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		if !p.Supports(iomux.Hangup) {
			t.Skip("this mechanism has no Hangup")
		}
		for range 3 {
			client, server := suite.TCPPair(t)
			register(t, p, server, iomux.Hangup)
			suite.Write(t, client)
			must(t, unix.Shutdown(client, unix.SHUT_WR))
			suite.Await(t, server, suite.In)
		}
		fd, w := suite.Pipe(t)
		r := register(t, p, fd, iomux.Readable)
		suite.Write(t, w)
		var events [1]iomux.Event[int]
		if n, err := p.WaitTimeout(events[:], 0); n != 1 || err != nil || events[0].Registration != r {
			t.Errorf("events are %+v, %v", events[:n], err)
		}
	})
}
