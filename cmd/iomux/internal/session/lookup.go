//go:build unix || windows

package session

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// lookup looks up the host of a target while the session waits. A lookup of package net has no
// descriptor to wait on. So each one blocks a goroutine, which wakes the session at the end.
type lookup struct {
	target *target
	cancel context.CancelFunc
}

type answer struct {
	*lookup
	addresses []netip.Addr
	err       error
}

// lookUp looks up the host of the target, beside the lookups that run. An address is used at once.
func (t *target) lookUp() {
	if address, err := netip.ParseAddr(t.host); err == nil {
		t.useAddresses([]netip.Addr{address})
		return
	}
	if len(t.looking) == maxAttempts {
		t.looking[1].cancel() // the oldest one may be slow but succeed
		t.looking = slices.Delete(t.looking, 1, 2)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &lookup{t, cancel}
	t.looking = append(t.looking, l)
	s := t.session
	// A Resolver merges the lookups of a name that run at once, so each one has its own.
	resolver := &net.Resolver{PreferGo: net.DefaultResolver.PreferGo, Dial: net.DefaultResolver.Dial}
	go func() {
		addresses, err := resolver.LookupNetIP(ctx, "ip", t.host)
		select {
		case s.answers <- answer{l, addresses, err}:
			_ = s.waiter.poller.Wake() // the session never closes the Poller
		case <-ctx.Done():
		}
	}()
	if t.kind == kindTCP {
		t.tryBeside()
	}
}

// takeAnswers passes the answers that have come to their targets.
func (s *session) takeAnswers() {
	for {
		select {
		case a := <-s.answers:
			a.target.takeAnswer(a)
		default:
			return
		}
	}
}

// finishLookups waits for the answers of all lookups, for --timeout 0.
func (s *session) finishLookups() {
	for slices.ContainsFunc(s.targets, func(t *target) bool { return len(t.looking) > 0 }) {
		a := <-s.answers
		a.target.takeAnswer(a)
	}
}

// stopLooking cancels the lookups of the target.
func (t *target) stopLooking() {
	for _, l := range t.looking {
		l.cancel()
	}
	t.looking = nil
}

// takeAnswer continues with the addresses of the first lookup that finds any.
func (t *target) takeAnswer(a answer) {
	i := slices.Index(t.looking, a.lookup)
	if i < 0 {
		return // it was cancelled too late
	}
	t.looking = slices.Delete(t.looking, i, i+1)
	a.cancel()
	switch {
	case a.err == nil:
		t.stopLooking()
		t.useAddresses(a.addresses)
	case t.kind == kindTCP:
		t.addRefusal(a.err)
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
