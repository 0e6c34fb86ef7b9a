//go:build unix

package suite

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
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
	accepted, _, err := unix.Accept(fd)
	must(t, err)
	prepare(t, []int{accepted})
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
	fd := Socket(t, unix.SOCK_STREAM)
	if err := unix.Connect(fd, address); err != unix.EINPROGRESS {
		t.Skip("this system refuses a connection to itself at once:", err)
	}
	waiter := watching(t, m, fd, In|Out|RdHup&m.Tells, Level)
	want := Out
	if runtime.GOOS == "linux" {
		want = In | Out | Err | Hup | RdHup
	}
	expect(t, m, waiter, fd, want, Nval)
	expect(t, m, waiter, fd, want, Nval)
	reason, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil || reason != int(unix.ECONNREFUSED) {
		t.Errorf("the reason is %d, %v, want ECONNREFUSED", reason, err)
	}
}

func freshSocket(t *testing.T, m Mechanism) {
	if runtime.GOOS != "linux" {
		t.Skip("what a socket that was never connected reports is each system's own")
	}
	fd := Socket(t, unix.SOCK_STREAM)
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
	must(t, unix.Sendto(client, []byte{'!'}, unix.MSG_OOB, unix.Sockaddr(nil)))
	expect(t, m, waiter, server, Pri, Err|Hup)
}

func outOfBandInline(t *testing.T, m Mechanism) {
	client, server := TCPPair(t)
	must(t, unix.SetsockoptInt(server, unix.SOL_SOCKET, unix.SO_OOBINLINE, 1))
	waiter := watching(t, m, server, In|Pri, Level)
	must(t, unix.Sendto(client, []byte{'!'}, unix.MSG_OOB, unix.Sockaddr(nil)))
	expect(t, m, waiter, server, In|Pri, Err|Hup)
}

func datagram(t *testing.T, m Mechanism) {
	fd := Socket(t, unix.SOCK_DGRAM)
	must(t, unix.Bind(fd, loopback()))
	address, err := unix.Getsockname(fd)
	must(t, err)
	waiter := watching(t, m, fd, In, Level)
	expectNothing(t, waiter)
	sender := Socket(t, unix.SOCK_DGRAM)
	for range 2 {
		must(t, unix.Sendto(sender, nil, 0, address)) // an empty datagram is one
	}
	for range 2 {
		expect(t, m, waiter, fd, In, Hup|Err)
		if _, err := unix.Read(fd, make([]byte, 1)); err != nil {
			t.Error("read:", err)
		}
	}
	expectNothing(t, waiter)
}

func reset(t *testing.T, m Mechanism) {
	client, server := TCPPair(t)
	waiter := watching(t, m, server, In, Level)
	must(t, unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 0}))
	Close(t, client)
	want := In
	if runtime.GOOS == "linux" {
		want = In | Err | Hup
	}
	expect(t, m, waiter, server, want, Nval)
	if _, err := unix.Read(server, make([]byte, 1)); err != unix.ECONNRESET {
		t.Errorf("read: %v, want ECONNRESET", err)
	}
}
