//go:build unix || windows

package session

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// headStart is the time between two attempts to connect, which RFC 8305 recommends.
	headStart = 250 * time.Millisecond
	// goneCheck is the time between two looks of --gone, without --retry.
	goneCheck = 200 * time.Millisecond
	// maxAttempts is the number of attempts of one source that run at once.
	maxAttempts = 16
)

var (
	errQueueFull = errors.New("the queue of the socket is full")
	errNotSocket = errors.New("not a socket")
)

// attempt is an attempt to connect to one address. While it runs, its descriptor has a target of
// its own.
type attempt struct {
	domain  int
	typ     int
	address syscall.Sockaddr
	peer    string // "" for a Unix socket
	socket  *target
	turn    int // the session's turn in which it was started
}

func (t *target) connectTo(addresses []netip.AddrPort) {
	for _, address := range addresses {
		domain, sockaddr, err := toSockaddr(address)
		if err != nil {
			t.addRefusal(err)
			continue
		}
		t.attempts = append(t.attempts,
			&attempt{domain: domain, typ: syscall.SOCK_STREAM, address: sockaddr, peer: address.String()})
	}
	t.connectNext()
}

// connectNext starts the next attempt, beside those that run. Further attempts follow later, or at
// once if this one fails.
func (t *target) connectNext() {
	t.later = nil
	for len(t.attempts) > 0 {
		a := t.attempts[0]
		t.attempts = t.attempts[1:]
		switch err := t.start(a); err {
		case nil:
			t.succeed(a)
			return
		case errUnderWay, errInterrupted: // an interrupted connect continues
			if delay := t.delay(); len(t.attempts) > 0 && delay > 0 {
				t.after(delay, t.connectNext)
				return
			}
		default:
			if t.refuse(a, err); t.ended() {
				return
			}
		}
	}
	if len(t.looking) == 0 && len(t.racing) == 0 {
		t.refused()
		return
	}
	t.tryBeside()
}

// tryBeside tries again later, beside the lookups and attempts that may hang.
func (t *target) tryBeside() {
	if t.session.Retry > 0 || t.session.Gone {
		t.after(max(t.session.Retry, headStart), t.open)
	}
}

// delay returns how long to wait before the next attempt. Each address gets a share of the timeout.
func (t *target) delay() time.Duration {
	if left := t.session.left(); left >= 0 {
		return min(headStart, left/time.Duration(len(t.attempts)+1))
	}
	return headStart
}

// start makes the socket of an attempt and begins to connect it.
func (t *target) start(a *attempt) error {
	fd, err := makeSocket(a.domain, a.typ)
	if err != nil {
		return err
	}
	if len(t.racing) == maxAttempts {
		t.stop(t.racing[1]) // the oldest one may be slow but succeed
	}
	s := t.session
	a.turn = s.turns
	a.socket = &target{source: t.source, session: s, fd: fd, writer: -1, made: true, want: writable}
	a.socket.take = func(states) { t.finish(a) }
	t.racing = append(t.racing, a)
	err = connect(fd, a.address)
	if err == errUnderWay || err == errInterrupted {
		if failure := s.watch(a.socket); failure != nil {
			return failure
		}
	}
	return err
}

// stop ends an attempt.
func (t *target) stop(a *attempt) {
	t.racing = slices.DeleteFunc(t.racing, func(other *attempt) bool { return other == a })
	if a.socket != nil {
		a.socket.release()
		a.socket = nil
	}
}

// stopAll ends all lookups and attempts.
func (t *target) stopAll() {
	t.stopLooking()
	for len(t.racing) > 0 {
		t.stop(t.racing[0])
	}
	t.attempts, t.refusals = nil, nil
}

// finish handles the end of an attempt. An event of the turn that started it belongs to an older
// socket with the same number.
func (t *target) finish(a *attempt) {
	if a.turn == t.session.turns {
		return
	}
	if err := pendingError(a.socket.fd); err != nil {
		if t.refuse(a, err); !t.ended() {
			t.connectNext()
		}
		return
	}
	t.succeed(a)
}

// succeed reports the connection. With --follow it waits for data and hang-ups, too.
func (t *target) succeed(a *attempt) {
	if connectedToItself(a.socket.fd) {
		t.refuse(a, errRefused)
		t.connectNext()
		return
	}
	if t.session.Gone {
		t.stopAll()
		t.after(t.interval(), t.open)
		return
	}
	t.session.unwatch(a.socket)
	t.fd, t.made, a.socket = a.socket.fd, true, nil
	t.stopAll()
	t.take, t.later, t.refusal = nil, nil, nil
	r := t.newReport(connected)
	r.peer = a.peer
	t.report(r)
	if t.session.Follow {
		t.awaitReading()
	}
}

// refuse ends an attempt that has failed. If nobody listens, --gone also ends older attempts to the
// same address, which may hang.
func (t *target) refuse(a *attempt, err error) {
	t.stop(a)
	for _, other := range slices.Clone(t.racing) {
		if t.session.Gone && isAbsent(err) && other.peer == a.peer {
			t.stop(other)
		}
	}
	if a.domain == syscall.AF_UNIX {
		// Linux refuses an abstract name if its socket has another type.
		if (err == syscall.EPROTOTYPE || err == errRefused && t.isAbstract()) && len(t.attempts) > 0 {
			return // the next attempt has another type of socket
		}
		t.attempts = nil // another type of socket would fail, too
		info, missing := os.Stat(t.path)
		switch {
		case err == syscall.EAGAIN:
			err = errQueueFull
		case missing == nil && info.Mode()&fs.ModeSocket == 0 && !t.session.Gone:
			t.fail(errNotSocket)
			return
		}
	}
	t.addRefusal(err)
}

// isAbstract reports whether the path is a name of Linux outside the file system.
func (t *target) isAbstract() bool { return runtime.GOOS == "linux" && strings.HasPrefix(t.path, "@") }

// addRefusal adds the reason of a failed attempt, once.
func (t *target) addRefusal(err error) {
	known := func(other error) bool { return other.Error() == err.Error() }
	if !slices.ContainsFunc(t.refusals, known) {
		t.refusals = append(t.refusals, err)
	}
}

// refused handles the failure of all attempts. The source has failed, or tries again later.
func (t *target) refused() {
	refusals := t.refusals
	t.refusal, t.refusals = joinReasons(refusals), nil
	again := t.session.Retry > 0 && !t.session.Gone
	for _, err := range refusals {
		if t.session.Gone && isAbsent(err) {
			t.report(t.newReport(gone))
			return
		}
		again = again || err == errQueueFull || t.session.Gone && (err == errTimedOut || err == errReset)
	}
	if !again {
		t.fail(t.refusal)
		return
	}
	t.after(t.interval(), t.open)
}

// obstacle returns why the source is not ready, in parentheses, or "".
func (t *target) obstacle() string {
	switch {
	case t.refusal != nil:
		return fmt.Sprintf(" (%v)", t.refusal)
	case len(t.looking) > 0:
		return fmt.Sprintf(" (no answer to the lookup of %s)", t.host)
	case len(t.racing) > 0:
		return " (no answer)"
	}
	return ""
}

// isAbsent reports whether an attempt failed because there is no listener.
func isAbsent(err error) bool {
	return err == errRefused || leadsNowhere(err)
}

// interval returns the time between two attempts, which leaves other processes time to run.
func (t *target) interval() time.Duration {
	if t.session.Retry > 0 {
		return max(t.session.Retry, time.Millisecond)
	}
	return goneCheck
}

// joinReasons returns the reasons as one error.
func joinReasons(reasons []error) error {
	if len(reasons) == 1 {
		return reasons[0]
	}
	texts := make([]string, len(reasons))
	for i, err := range reasons {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, ", then "))
}

// connectedToItself reports whether a socket is connected to itself. Without a listener, the system
// may pick the port that iomux connects to as the local port.
func connectedToItself(fd int) bool {
	own, err := ownAddress(fd)
	if err != nil {
		return false
	}
	peer, err := peerAddress(fd)
	return err == nil && own.IsValid() && own == peer
}
