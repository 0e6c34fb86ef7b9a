//go:build unix || windows

package session

import (
	"context"
	"net"
	"net/netip"
	"strconv"
)

// lookups looks up the addresses of names while the session waits. A lookup of package net has no
// descriptor to wait on. So each one blocks a goroutine, which wakes the session at the end.
type lookups struct {
	answers chan answer
	pending int // lookups whose answers were not taken
	context context.Context
	cancel  context.CancelFunc
}

type answer struct {
	target    *target
	addresses []netip.Addr
	err       error
}

// lookUp looks up the host of the target. An address is used at once.
func (t *target) lookUp() {
	if address, err := netip.ParseAddr(t.host); err == nil {
		t.useAddresses([]netip.Addr{address})
		return
	}
	l := &t.session.lookups
	if l.answers == nil {
		l.context, l.cancel = context.WithCancel(context.Background())
		// Each target has one lookup at a time.
		l.answers = make(chan answer, len(t.session.targets))
	}
	t.looking = true
	l.pending++
	go func() {
		addresses, err := net.DefaultResolver.LookupNetIP(l.context, "ip", t.host)
		l.answers <- answer{t, addresses, err}
		_ = t.session.waiter.poller.Wake() // the session never closes the Poller
	}()
}

// take passes the answers that have come to their targets.
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

// finish waits for the answers of all lookups, for --timeout 0.
func (l *lookups) finish() {
	for l.pending > 0 {
		a := <-l.answers
		l.pending--
		a.target.takeAnswer(a)
	}
}

// stop cancels the lookups that run.
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
