//go:build unix

package iomux_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/test/leak"
	"iomux/internal/test/network"
	"iomux/internal/test/suite"
)

// A registered source is kept open, even if nothing else refers to it.
func TestSourceStaysReachable(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		registration, w := registerPipe(t, p)
		defer func() { must(t, w.Close()) }()
		for range 5 {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
		_, err := w.WriteString("x") // EPIPE if the reader was closed
		must(t, err)
		expect(t, p, registration, iomux.Readable)
		must(t, registration.Unregister())
	})
}

// registerPipe registers the reading end of a pipe, to which nothing else refers.
func registerPipe(t *testing.T, p *iomux.Poller[int]) (*iomux.Registration[int], *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	must(t, err)
	return register(t, p, r, iomux.Readable), w
}

// connections returns both ends of a TCP connection of package net.
func connections(t *testing.T) (client, server net.Conn) {
	t.Helper()
	network.Need(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { must(t, listener.Close()) }()
	client, err = net.Dial("tcp", listener.Addr().String())
	must(t, err)
	server, err = listener.Accept()
	must(t, err)
	t.Cleanup(func() { _, _ = client.Close(), server.Close() }) // a test may have closed them
	return client, server
}

func TestConnections(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		client, server := connections(t)
		r := register(t, p, server, iomux.Readable)
		expectNothing(t, p)
		_, err := client.Write([]byte("hello"))
		must(t, err)
		expect(t, p, r, iomux.Readable)
		// The connection is unchanged: its own deadlines work.
		must(t, server.SetReadDeadline(time.Now().Add(soon)))
		if n, err := server.Read(make([]byte, 8)); n != 5 || err != nil {
			t.Errorf("read %d bytes, %v", n, err)
		}
		must(t, r.Modify(iomux.Writable))
		expect(t, p, r, iomux.Writable)
		must(t, server.Close())
		expectNothing(t, p)
		_, err = p.Register(server, iomux.Readable, 0)
		isErr(t, err, os.ErrClosed)
		must(t, r.Unregister()) // works after the source was closed
		if p.Len() != 0 {
			t.Errorf("Len is %d", p.Len())
		}
	})
}

// moveTo gives file the number fd, after free has closed fd.
func moveTo(t *testing.T, file, fd int, free func()) {
	t.Helper()
	free()
	number := suite.Duplicate(t, file, fd)
	if number != fd {
		_ = unix.Close(number)
		t.Skip("another goroutine has taken the number")
	}
	leak.Opened(fd)
	suite.CloseAtEnd(t, fd)
}

// A connection is closed without Unregister, and a pipe gets its number.
func TestReusedNumberOfAConnection(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		client, server := connections(t)
		old := register(t, p, server, iomux.Readable|iomux.Writable)
		expect(t, p, old, iomux.Writable)
		raw, err := server.(syscall.Conn).SyscallConn()
		must(t, err)
		var fd int
		must(t, raw.Control(func(number uintptr) { fd = int(number) }))

		r, w := suite.Pipe(t)
		suite.Write(t, w)
		moveTo(t, r, fd, func() { must(t, server.Close()) })
		expectNothing(t, p) // the pipe's events are not attributed to the connection
		must(t, client.Close())
		fresh := register(t, p, fd, iomux.Readable)
		if event := expect(t, p, fresh, iomux.Readable); event.Ready&iomux.Writable != 0 {
			t.Errorf("event is %+v", event)
		}
		isErr(t, old.Modify(iomux.Readable), syscall.EBADF)
		must(t, old.Unregister())
		expect(t, p, fresh, iomux.Readable)
		must(t, fresh.Unregister())
		expectNothing(t, p)
	})
}

// As above, but no wait has detected that the connection was closed.
func TestReusedNumberIsRegisteredAtOnce(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		_, server := connections(t)
		register(t, p, server, iomux.Readable)
		raw, err := server.(syscall.Conn).SyscallConn()
		must(t, err)
		var fd int
		must(t, raw.Control(func(number uintptr) { fd = int(number) }))
		r, w := suite.Pipe(t)
		suite.Write(t, w)
		moveTo(t, r, fd, func() { must(t, server.Close()) })
		fresh := register(t, p, fd, iomux.Readable)
		expect(t, p, fresh, iomux.Readable)
	})
}

// As above with bare numbers, after Unregister. No pending event reaches the new file.
func TestReusedNumber(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		for range 100 {
			fd, w := suite.Pipe(t)
			suite.Write(t, w)
			old := register(t, p, fd, iomux.Readable)
			expect(t, p, old, iomux.Readable)
			must(t, old.Unregister())
			other, _ := suite.Pipe(t)
			moveTo(t, other, fd, func() { suite.Close(t, fd) })
			fresh := register(t, p, fd, iomux.Readable)
			var events [1]iomux.Event[int]
			if n, err := p.WaitTimeout(events[:], 0); n != 0 || err != nil {
				t.Fatalf("events are %+v, %v", events[:n], err)
			}
			must(t, fresh.Unregister())
		}
	})
}

// A descriptor is closed while a duplicate is open. The kernel keeps reporting it, and cannot
// unregister it.
func TestDuplicateRemainsOpen(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		calm, calmW := suite.Pipe(t)
		other := register(t, p, calm, iomux.Readable)
		edgeFD, edgeW := suite.Pipe(t)
		mode := iomux.OneShot
		if p.Supports(iomux.Edge) {
			mode |= iomux.Edge
		}
		once := register(t, p, edgeFD, iomux.Readable|mode)
		suite.Write(t, edgeW)
		expect(t, p, once, iomux.Readable)

		low, w := suite.Pipe(t)
		// Nothing else gets these numbers.
		fd, duplicate := suite.High(t, low, 300), suite.High(t, low, 400)
		suite.Close(t, low)
		r := register(t, p, fd, iomux.Readable)
		suite.Write(t, w)
		expect(t, p, r, iomux.Readable)
		suite.Close(t, fd)
		must(t, r.Unregister())

		const pause = 100 * time.Millisecond
		used := suite.ProcessorTime(t, func() {
			start := time.Now()
			var events [1]iomux.Event[int]
			if n, err := p.WaitTimeout(events[:], pause); n != 0 || err != nil || time.Since(start) < pause {
				t.Fatalf("events are %+v, %v after %v", events[:n], err, time.Since(start))
			}
		})
		if used > pause*3/4 {
			t.Errorf("the wait used %v of processor time", used)
		}
		// The other registrations are unchanged, including a reported one-shot one.
		suite.Write(t, calmW)
		expect(t, p, other, iomux.Readable)
		suite.Drain(t, calm)
		expectNothing(t, p)
		must(t, once.Modify(iomux.Readable|mode))
		expect(t, p, once, iomux.Readable)
		// The number is reused for the same file.
		moveTo(t, duplicate, fd, func() {})
		fresh := register(t, p, fd, iomux.Readable)
		expect(t, p, fresh, iomux.Readable)
		must(t, fresh.Unregister())
		expectNothing(t, p)
	})
}

// A wait finds a ready source behind any number of closed ones.
func TestReadySourceIsFoundBehindClosedOnes(t *testing.T) {
	const many = 40
	closings := map[string]func(t *testing.T, p *iomux.Poller[int], i int, r, w int){
		"closed": func(t *testing.T, p *iomux.Poller[int], _, r, w int) {
			register(t, p, r, iomux.Readable)
			suite.Write(t, w)
			suite.Close(t, r)
		},
		"closed while a duplicate is open": func(t *testing.T, p *iomux.Poller[int], i, r, w int) {
			number := suite.High(t, r, 300+i)
			registration := register(t, p, number, iomux.Readable)
			suite.Write(t, w)
			suite.Close(t, number)
			must(t, registration.Unregister())
		},
	}
	for name, closing := range closings {
		for _, timeout := range []time.Duration{0, 1, time.Millisecond} {
			t.Run(fmt.Sprintf("%s, %v", name, timeout), func(t *testing.T) {
				inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
					// Open all pipes first, so that no closed number is reused.
					var pipes [many + 1][2]int
					for i := range pipes {
						pipes[i][0], pipes[i][1] = suite.Pipe(t)
					}
					for i, pipe := range pipes[:many] {
						closing(t, p, i, pipe[0], pipe[1])
					}
					ready := register(t, p, pipes[many][0], iomux.Readable)
					suite.Write(t, pipes[many][1])
					var events [1]iomux.Event[int]
					n, err := p.WaitTimeout(events[:], timeout)
					if n != 1 || err != nil || events[0].Registration != ready {
						t.Errorf("events are %+v, %v, want one of %p", events[:n], err, ready)
					}
				})
			})
		}
	}
}

// dup2 replaces a registered file. The new file is not polled until it is registered.
func TestReplacedByARegularFile(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		if !p.Supports(iomux.Edge) {
			t.Skip("this mechanism identifies a source by its number")
		}
		fd, _ := suite.Pipe(t)
		r := register(t, p, fd, iomux.Readable)
		file := suite.File(t)
		moveTo(t, file, fd, func() { suite.Close(t, fd) })
		expectNothing(t, p)
		must(t, r.Unregister())
		expect(t, p, register(t, p, fd, iomux.Readable), iomux.Readable)
	})
}

// A source that the mechanism cannot wait for is always ready. It takes turns with other sources
// and with timers.
func TestRegularFile(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		file := suite.File(t)
		interest := iomux.Readable | iomux.Writable
		for _, other := range []iomux.Interest{iomux.ReadHangup, iomux.Hangup, iomux.Errored} {
			if p.Supports(other) {
				interest |= other
			}
		}
		r := register(t, p, file, interest)
		for range 3 {
			expect(t, p, r, iomux.Readable|iomux.Writable)
		}
		if r.AlwaysReady() != (p.Mechanism() == iomux.Epoll || p.Mechanism() == iomux.Kqueue) {
			t.Errorf("AlwaysReady is %v", r.AlwaysReady())
		}
		_, err := p.RegisterFD(file, iomux.Readable, 0)
		isErr(t, err, syscall.EEXIST)
		must(t, r.Modify(iomux.Readable))
		if event := expect(t, p, r, iomux.Readable); event.Ready != iomux.Readable {
			t.Errorf("ready is %v", event.Ready)
		}

		fd, w := suite.Pipe(t)
		suite.Write(t, w)
		pipe := register(t, p, fd, iomux.Readable)
		ticker, err := p.RegisterTicker(time.Nanosecond, -1)
		must(t, err)
		count := make(map[*iomux.Registration[int]]int)
		var events [1]iomux.Event[int]
		for range 60 {
			n, err := p.WaitTimeout(events[:], soon)
			if n != 1 || err != nil {
				t.Fatalf("wait: %d, %v", n, err)
			}
			count[events[0].Registration]++
		}
		if count[r] < 8 || count[pipe] < 8 || count[ticker] < 8 {
			t.Errorf("of 60 events the file had %d, the pipe %d and the ticker %d", count[r], count[pipe], count[ticker])
		}
		must(t, pipe.Unregister())
		must(t, ticker.Unregister())
		for _, mode := range []iomux.Interest{iomux.OneShot, iomux.Edge} {
			for range 2 {
				if !p.Supports(mode) {
					continue
				}
				must(t, r.Modify(iomux.Readable|mode))
				expect(t, p, r, iomux.Readable)
				expectNothing(t, p)
			}
		}
		must(t, r.Modify(iomux.Readable))
		must(t, r.Unregister())
		expectNothing(t, p)
	})
}
