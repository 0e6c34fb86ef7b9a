//go:build unix || windows

package suite

import (
	"maps"
	"runtime"
	"syscall"
	"testing"
	"time"

	"iomux/internal/test/wine"
)

var socketTests = []test{
	{name: "ListenerIsReadableWhileAConnectionIsPending", run: listener},
	{name: "ConnectionThatStandsIsWritable", run: connected},
	{name: "ConnectionIsWritableWhileThereIsRoom", run: whileThereIsRoom},
	{name: "RefusedConnection", alone: true, run: refused},
	{name: "FreshTCPSocket", run: freshSocket},
	{name: "OutOfBandDataIsPriority", reports: Pri, run: outOfBand},
	{name: "OutOfBandDataInline", reports: Pri, run: outOfBandInline},
	{name: "DatagramSocket", run: datagram},
	{name: "DatagramSocketOfIPv6", run: datagramIPv6},
	{name: "SocketsOfAllKinds", run: allKinds},
	{name: "PingsOfManySockets", run: pings},
	{name: "ResetConnection", run: reset},
}

func listener(t *testing.T, m Mechanism) {
	fd, address := Listen(t)
	waiter := watching(t, m, fd, In, Level)
	expectNothing(t, waiter)
	Connect(t, address)
	expect(t, m, waiter, fd, In, Hup|Err)
	expect(t, m, waiter, fd, In, Hup|Err)
	accept(t, fd)
	expectNothing(t, waiter)
	Connect(t, address)
	expect(t, m, waiter, fd, In, Hup|Err)
	Must(t, waiter.Unregister(fd))
	expectNothing(t, waiter)
	accept(t, fd)
}

func connected(t *testing.T, m Mechanism) {
	_, address := Listen(t)
	fd := Connect(t, address)
	waiter := watching(t, m, fd, In|Out, Level)
	expect(t, m, waiter, fd, Out, In|Hup|Err)
}

// whileThereIsRoom registers a connection for Out before it is established. From then on it is
// reported as long as there is room.
func whileThereIsRoom(t *testing.T, m Mechanism) {
	listener, address := Listen(t)
	client := Socket(t, syscall.SOCK_STREAM)
	waiter := watching(t, m, client, Out, Level)
	if err := connect(client, address); err != nil && err != errInProgress {
		t.Fatal("connect:", err)
	}
	server := accept(t, listener)
	const tooMuch = 1 << 28
	for range 5 {
		expect(t, m, waiter, client, Out, In|Pri|Err|Hup|RdHup)
		sent, buffer := 0, make([]byte, 1<<16)
		for ready := 1; ready > 0; ready = len(wait(t, waiter, 1, 0)) {
			n, err := write(client, buffer)
			if n < 1 || err != nil || sent > tooMuch {
				t.Fatalf("after %d bytes it was reported, and takes %d: %v", sent, n, err)
			}
			sent += n
		}
		for received := 0; received < sent; received += Drain(t, server) {
			Await(t, server, In)
		}
	}
}

func refused(t *testing.T, m Mechanism) {
	listener, address := Listen(t)
	Close(t, listener) // from now on, its port refuses connections
	if runtime.GOOS == "dragonfly" {
		time.Sleep(quiet) // a thread of its own closes the port
	}
	for _, asked := range []Events{In | Out | Pri | RdHup, Out, In} {
		before, after := Socket(t, syscall.SOCK_STREAM), Socket(t, syscall.SOCK_STREAM)
		early, late := watching(t, m, before, asked&m.Reports, Level), object(t, m)
		for _, fd := range []int{before, after} {
			if err := connect(fd, address); err != errInProgress {
				t.Skip("this system refuses a connection to itself at once:", err)
			}
		}
		Must(t, late.Register(after, asked&m.Reports, Level))
		want, unwanted := asked&Out, Nval
		switch runtime.GOOS {
		case "linux":
			want = (In|Out|RdHup)&asked | Err | Hup
		case "dragonfly", "freebsd":
			want = 0 // Hup takes the place of Out in poll(2)
		case "windows":
			want, unwanted = (In|Out|RdHup)&asked|Err, Hup
			if m.Reports&Err != 0 {
				unwanted |= Pri // select() reports Err as exceptional
			}
		}
		for range 2 {
			expect(t, m, early, before, want, unwanted)
			expect(t, m, late, after, want, unwanted)
		}
		for _, fd := range []int{before, after} {
			if reason := pendingError(t, fd); reason != errRefused {
				t.Errorf("the reason is %v, want %v", reason, errRefused)
			}
		}
	}
}

func freshSocket(t *testing.T, m Mechanism) {
	if runtime.GOOS != "linux" {
		t.Skip("what a socket that was never connected reports is each system's own")
	}
	fd := Socket(t, syscall.SOCK_STREAM)
	waiter := watching(t, m, fd, Out, Level)
	if m.UnconnectedIsSilent {
		expectNothing(t, waiter)
		return
	}
	expect(t, m, waiter, fd, Out|Hup, Err)
}

func outOfBand(t *testing.T, m Mechanism) {
	client, server := TCPPair(t)
	waiter := watching(t, m, server, In|Pri, Level)
	SendUrgent(t, client)
	expect(t, m, waiter, server, Pri, Err|Hup)
	Write(t, client)
	Await(t, server, In)
	expect(t, m, waiter, server, In|Pri, Err|Hup)
}

func outOfBandInline(t *testing.T, m Mechanism) {
	client, server := TCPPair(t)
	urgentInline(t, server)
	waiter := watching(t, m, server, In|Pri, Level)
	SendUrgent(t, client)
	want := In | Pri
	if runtime.GOOS == "windows" {
		want = In // inline, it is ordinary data
	}
	expect(t, m, waiter, server, want, Err|Hup)
}

func datagram(t *testing.T, m Mechanism) {
	fd := Socket(t, syscall.SOCK_DGRAM)
	address := Bind(t, fd)
	waiter := watching(t, m, fd, In, Level)
	expectNothing(t, waiter)
	sender := Socket(t, syscall.SOCK_DGRAM)
	for range 2 {
		sendTo(t, sender, address) // an empty datagram counts
	}
	for range 2 {
		expect(t, m, waiter, fd, In, Hup|Err)
		if _, err := read(fd, make([]byte, 1)); err != nil {
			t.Error("read:", err)
		}
	}
	expectNothing(t, waiter)
}

func datagramIPv6(t *testing.T, m Mechanism) {
	fd, address := datagram6(t)
	waiter := watching(t, m, fd, In|Out, Level)
	expect(t, m, waiter, fd, Out, In|Pri|Err|Hup)
	sendTo(t, fd, address)
	Await(t, fd, In)
	expect(t, m, waiter, fd, In|Out, Pri|Err|Hup)
}

func allKinds(t *testing.T, m Mechanism) {
	listener, address := Listen(t)
	client, server := TCPPair(t)
	datagram := Socket(t, syscall.SOCK_DGRAM)
	to := Bind(t, datagram)
	waiter := object(t, m)
	all := []int{listener, server, datagram}
	for _, fd := range all {
		Must(t, waiter.Register(fd, In, Level))
	}
	expectNothing(t, waiter)
	Connect(t, address)
	Write(t, client)
	sendTo(t, Socket(t, syscall.SOCK_DGRAM), to)
	for _, fd := range all {
		Await(t, fd, In)
	}
	seen := make(map[int]Events)
	for start := time.Now(); len(seen) < len(all) && time.Since(start) < soon; {
		for _, event := range wait(t, waiter, 8, soon) {
			seen[event.FD] = event.Events
		}
	}
	if want := map[int]Events{listener: In, server: In, datagram: In}; !maps.Equal(seen, want) {
		t.Errorf("reported were %v, want %v", seen, want)
	}
}

// pings makes many sockets send datagrams to one, each in turn, and counts them.
func pings(t *testing.T, m Mechanism) {
	const pingers, each, room = 100, 5, 15 // the socket's buffer is small
	server := Socket(t, syscall.SOCK_DGRAM)
	address := Bind(t, server)
	waiter := watching(t, m, server, In, Level)
	mode := OneShot & m.Modes
	left := make(map[int]int)
	for range pingers {
		fd := Socket(t, syscall.SOCK_DGRAM)
		Must(t, connect(fd, address))
		Must(t, waiter.Register(fd, Out, mode))
		left[fd] = each
	}
	sent, received := 0, 0
	for received < pingers*each {
		events := wait(t, waiter, room, soon)
		if len(events) == 0 {
			t.Fatalf("%d datagrams came of %d, of which %d were sent", received, pingers*each, sent)
		}
		for _, event := range events {
			fd := event.FD
			switch {
			case fd == server && event.Events == In:
				received += Drain(t, server)
				continue
			case left[fd] == 0 || event.Events != Out:
				t.Fatalf("event is %+v", event)
			case sent-received >= room: // the server has not been reported yet
				Await(t, server, In)
				received += Drain(t, server)
			}
			Write(t, fd)
			sent++
			if left[fd]--; left[fd] > 0 {
				Must(t, waiter.Modify(fd, Out, mode))
			} else {
				Must(t, waiter.Unregister(fd))
			}
		}
	}
	expectNothing(t, waiter)
}

func reset(t *testing.T, m Mechanism) {
	client, server := TCPPair(t)
	waiter := watching(t, m, server, In, Level)
	Reset(t, client)
	want := In
	switch runtime.GOOS {
	case "linux":
		want = In | Err | Hup
	case "windows":
		want = In | Hup
	}
	expect(t, m, waiter, server, want, Nval)
	// A late registration is reported, too.
	expect(t, m, watching(t, m, server, In|Out, Level), server, want, Nval)
	// Wine reads the error itself.
	if _, err := read(server, make([]byte, 1)); err != errReset && !wine.Running() {
		t.Errorf("read: %v, want %v", err, errReset)
	}
}
