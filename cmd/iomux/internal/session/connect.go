//go:build unix || windows

package session

import (
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// attempt is one way to connect.
type attempt struct {
	domain   int
	typ      int
	address  syscall.Sockaddr
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
		t.attempts = append(t.attempts, attempt{domain: domain, typ: syscall.SOCK_STREAM, address: sockaddr, peer: address.String()})
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
		case errUnderWay, errInterrupted: // an interrupted connect goes on, too
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
	return connect(t.fd, a.address)
}

// limit gives an attempt that is not the last one its share of the time that is left: a host that does not answer under one
// address may do so under the next.
func (t *target) limit() {
	left := t.session.left()
	if left < 0 || len(t.attempts) == 0 {
		return
	}
	t.after(left/time.Duration(len(t.attempts)+1), func() {
		t.refuse(attempt{}, errTimedOut)
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
		t.refuse(a, errRefused)
		t.connectNext()
		return
	}
	t.session.unwatch(t)
	t.take, t.later, t.attempts, t.refusals, t.refusal = nil, nil, nil, nil, nil
	r := t.newReport(connected)
	r.peer = a.peer
	t.report(r)
	if t.session.Follow {
		t.awaitReading()
	}
}

// refuse ends an attempt.
func (t *target) refuse(a attempt, err error) {
	t.release()
	if a.domain == syscall.AF_UNIX && err != syscall.EPROTOTYPE {
		t.attempts = nil // another type of socket would not do better
	}
	if len(t.refusals) == 0 || t.refusals[len(t.refusals)-1].Error() != err.Error() {
		t.refusals = append(t.refusals, err)
	}
}

// refused is the end of all attempts: the source has failed, or tries again later.
func (t *target) refused() {
	t.refusal, t.refusals = joinReasons(t.refusals), nil
	if t.session.Retry == 0 {
		t.fail(t.refusal)
		return
	}
	t.after(t.session.Retry, t.open)
}

// joinReasons is the reasons in one line.
func joinReasons(reasons []error) error {
	texts := make([]string, len(reasons))
	for i, err := range reasons {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, ", then "))
}

// connectedToItself finds out what can happen at a port of this machine that nobody listens at, when the system gives the
// connection that very port to come from.
func connectedToItself(fd int) bool {
	own, err := ownAddress(fd)
	if err != nil {
		return false
	}
	peer, err := peerAddress(fd)
	return err == nil && own.IsValid() && own == peer
}
