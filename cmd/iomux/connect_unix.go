//go:build unix

package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// attempt is one way to connect.
type attempt struct {
	domain   int
	typ      int
	address  unix.Sockaddr
	peer     string // empty where the source says it all
	fallback bool   // only for a socket of the wrong type
}

func (t *target) connectTo(addresses []netip.AddrPort) {
	for _, address := range addresses {
		domain, sockaddr, err := toSockaddr(address)
		if err != nil {
			t.refusals = append(t.refusals, err)
			continue
		}
		t.attempts = append(t.attempts, attempt{domain: domain, typ: unix.SOCK_STREAM, address: sockaddr, peer: address.String()})
	}
	t.connectNext()
}

// openUnix connects to a socket of whatever type it has, which only trying tells.
func (t *target) openUnix() {
	if longest := len(unix.RawSockaddrUnix{}.Path) - 1; len(t.path) > longest {
		t.fail(fmt.Errorf("a socket's path has at most %d bytes: use a relative path", longest))
		return
	}
	for i, typ := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
		address := &unix.SockaddrUnix{Name: t.path}
		t.attempts = append(t.attempts, attempt{domain: unix.AF_UNIX, typ: typ, address: address, fallback: i > 0})
	}
	t.connectNext()
}

// connectNext makes the next attempt, and says so when there is none left.
func (t *target) connectNext() {
	for len(t.attempts) > 0 {
		a := t.attempts[0]
		t.attempts = t.attempts[1:]
		err := t.connect(a)
		switch err {
		case nil:
			t.stands(a)
			return
		case unix.EINPROGRESS, unix.EINTR: // an interrupted connect goes on, too
			t.limit()
			t.await(writable, func(states) { t.finish(a) })
			return
		}
		t.refuse(a, err)
	}
	t.refused()
}

func (t *target) connect(a attempt) error {
	var err error
	if t.fd, err = makeSocket(a.domain, a.typ); err != nil {
		return err
	}
	t.made = true
	return unix.Connect(t.fd, a.address)
}

// limit gives an attempt that is not the last one its share of the time that is left: a host that does not answer under one
// address may do so under the next.
func (t *target) limit() {
	left := t.session.left()
	if left < 0 || len(t.attempts) == 0 {
		return
	}
	t.after(left/time.Duration(len(t.attempts)+1), func() {
		t.refuse(attempt{}, unix.ETIMEDOUT)
		t.connectNext()
	})
}

// finish looks how a connection that was under way has ended.
func (t *target) finish(a attempt) {
	if err := pendingError(t.fd); err != nil {
		t.refuse(a, err)
		t.connectNext()
		return
	}
	t.stands(a)
}

// stands reports the connection, and follows what becomes of it.
func (t *target) stands(a attempt) {
	if connectedToItself(t.fd) {
		t.refuse(a, unix.ECONNREFUSED)
		t.connectNext()
		return
	}
	t.session.unwatch(t)
	t.take, t.later, t.attempts, t.refusals, t.refusal = nil, nil, nil, nil, nil
	r := t.newReport(connected)
	r.peer = a.peer
	t.report(r)
	if t.session.follow {
		t.awaitReading()
	}
}

// refuse ends an attempt.
func (t *target) refuse(a attempt, err error) {
	t.release()
	if a.domain == unix.AF_UNIX && err != unix.EPROTOTYPE {
		t.attempts = nil // another type of socket would not do better
	}
	if len(t.refusals) == 0 || t.refusals[len(t.refusals)-1].Error() != err.Error() {
		t.refusals = append(t.refusals, err)
	}
}

// refused is the end of all attempts: the source has failed, or tries again later.
func (t *target) refused() {
	t.refusal, t.refusals = joinReasons(t.refusals), nil
	if t.session.retry == 0 {
		t.fail(t.refusal)
		return
	}
	t.after(t.session.retry, t.open)
}

// joinReasons is the reasons in one line.
func joinReasons(reasons []error) error {
	texts := make([]string, len(reasons))
	for i, err := range reasons {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, ", then "))
}

// pendingError takes the error that waits on a socket.
func pendingError(fd int) error {
	number, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && number != 0 {
		err = unix.Errno(number)
	}
	return err
}

// connectedToItself finds out what can happen at a port of this machine that nobody listens at, when the system gives the
// connection that very port to come from.
func connectedToItself(fd int) bool {
	own, err := unix.Getsockname(fd)
	if err != nil {
		return false
	}
	peer, err := unix.Getpeername(fd)
	return err == nil && addressOf(own).IsValid() && addressOf(own) == addressOf(peer)
}

// makeSocket makes a socket that does not block and is closed on exec.
func makeSocket(domain, typ int) (int, error) {
	fd, err := unix.Socket(domain, typ, 0)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd) // the first error tells more
		return -1, fmt.Errorf("socket: %w", err)
	}
	return fd, nil
}
