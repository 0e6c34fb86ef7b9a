//go:build unix || windows

package session

import (
	"context"
	"net"
	"net/netip"
	"strconv"
)

// lookups asks for the addresses of names while the session waits. The standard library has no lookup that could be waited
// for on a descriptor: each one blocks a goroutine, which wakes the session when it has the answer.
type lookups struct {
	answers chan answer
	pending int // answers that were not taken yet
	context context.Context
	cancel  context.CancelFunc
}

type answer struct {
	target    *target
	addresses []netip.Addr
	err       error
}

// lookUp begins with the target's address, at once if it is not a name.
func (t *target) lookUp() {
	if address, err := netip.ParseAddr(t.host); err == nil {
		t.useAddresses([]netip.Addr{address})
		return
	}
	l := &t.session.lookups
	if l.answers == nil {
		l.context, l.cancel = context.WithCancel(context.Background())
		l.answers = make(chan answer, len(t.session.targets)) // one at a time for each, so that none waits for room
	}
	t.looking = true
	l.pending++
	go func() {
		addresses, err := net.DefaultResolver.LookupNetIP(l.context, "ip", t.host)
		l.answers <- answer{t, addresses, err}
		_ = t.session.waiter.poller.Wake() // it cannot be closed
	}()
}

// take hands out the answers that have come.
func (l *lookups) take() {
	for {
		select {
		case a := <-l.answers:
			l.pending--
			a.target.takeAnswer(a)
		default:
			return
		}
	}
}

// finish waits for the answers of all lookups, because --timeout 0 looks once, and at addresses.
func (l *lookups) finish() {
	for l.pending > 0 {
		a := <-l.answers
		l.pending--
		a.target.takeAnswer(a)
	}
}

// stop lets lookups that are under way end.
func (l *lookups) stop() {
	if l.cancel != nil {
		l.cancel()
	}
}

// takeAnswer continues with the addresses, unless an earlier attempt has connected in the meantime.
func (t *target) takeAnswer(a answer) {
	t.looking = false
	switch {
	case t.fd >= 0, t.ended():
	case a.err == nil:
		t.useAddresses(a.addresses)
	case t.kind == kindTCP:
		t.refusals = append(t.refusals, a.err)
		t.connectNext()
	default:
		t.fail(a.err)
	}
}

func (t *target) useAddresses(addresses []netip.Addr) {
	port, err := strconv.ParseUint(t.port, 10, 16)
	if err != nil {
		t.fail(err)
		return
	}
	var all []netip.AddrPort
	for _, address := range addresses {
		all = append(all, netip.AddrPortFrom(address.Unmap(), uint16(port)))
	}
	if t.kind == kindTCP {
		t.connectTo(all)
		return
	}
	t.bindOne(all)
}
