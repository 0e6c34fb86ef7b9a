//go:build unix || windows

package suite

import (
	"runtime"
	"syscall"
	"testing"

	"iomux/internal/wine"
)

var socketTests = []test{
	{name: "ListenerIsReadableWhileAConnectionIsPending", run: listener},
	{name: "ConnectionThatStandsIsWritable", run: connected},
	{name: "RefusedConnection", run: refused},
	{name: "FreshTCPSocket", run: freshSocket},
	{name: "OutOfBandDataIsPriority", tells: Pri, run: outOfBand},
	{name: "OutOfBandDataInline", tells: Pri, run: outOfBandInline},
	{name: "DatagramSocket", run: datagram},
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
}

func connected(t *testing.T, m Mechanism) {
	_, address := Listen(t)
	fd := Connect(t, address)
	waiter := watching(t, m, fd, In|Out, Level)
	expect(t, m, waiter, fd, Out, In|Hup|Err)
}

func refused(t *testing.T, m Mechanism) {
	listener, address := Listen(t)
	Close(t, listener) // nobody listens at its port any more
	fd := Socket(t, syscall.SOCK_STREAM)
	if err := connect(fd, address); err != errInProgress {
		t.Skip("this system refuses a connection to itself at once:", err)
	}
	waiter := watching(t, m, fd, In|Out|RdHup&m.Tells, Level)
	want := Out
	switch runtime.GOOS {
	case "linux":
		want = In | Out | Err | Hup | RdHup
	case "windows":
		want = In | Out | Err | RdHup
	}
	expect(t, m, waiter, fd, want, Nval)
	expect(t, m, waiter, fd, want, Nval)
	if reason := pendingError(t, fd); reason != errRefused {
		t.Errorf("the reason is %v, want %v", reason, errRefused)
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
}

func outOfBandInline(t *testing.T, m Mechanism) {
	client, server := TCPPair(t)
	urgentInline(t, server)
	waiter := watching(t, m, server, In|Pri, Level)
	SendUrgent(t, client)
	want := In | Pri
	if runtime.GOOS == "windows" {
		want = In // inline it is like any other
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
		SendTo(t, sender, address) // an empty datagram is one
	}
	for range 2 {
		expect(t, m, waiter, fd, In, Hup|Err)
		if _, err := read(fd, make([]byte, 1)); err != nil {
			t.Error("read:", err)
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
	// Wine's own look at the connection takes the reason.
	if _, err := read(server, make([]byte, 1)); err != errReset && !wine.Running() {
		t.Errorf("read: %v, want %v", err, errReset)
	}
}
