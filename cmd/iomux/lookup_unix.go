//go:build unix

package main

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strconv"

	"iomux/descriptor"
)

// lookups asks for the addresses of names while the session waits. The standard library has no lookup that could be waited
// for on a descriptor: each one blocks a goroutine, which rings by a pipe when it has the answer.
type lookups struct {
	bell    *target // not a source: its descriptor is the pipe's reading end
	reader  *os.File
	writer  *os.File
	answers chan answer
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
	if err := l.open(t.session); err != nil {
		t.fail(err)
		return
	}
	go func() {
		addresses, err := net.DefaultResolver.LookupNetIP(l.context, "ip", t.host)
		l.answers <- answer{t, addresses, err}
		_, _ = l.writer.Write([]byte{0}) // it fails only when nobody listens any more
	}()
}

func (l *lookups) open(s *session) (err error) {
	if l.bell != nil {
		return nil
	}
	if l.reader, l.writer, err = os.Pipe(); err != nil {
		return err
	}
	fd, err := descriptor.Of(l.reader)
	if err != nil {
		return err
	}
	l.context, l.cancel = context.WithCancel(context.Background())
	l.answers = make(chan answer, len(s.targets)) // one at a time for each, so that none waits for room
	l.bell = &target{session: s, fd: fd, want: readable, take: func(states) { l.take(fd) }}
	return s.watch(l.bell)
}

// take hands out the answers that have come.
func (l *lookups) take(fd int) {
	var rings [64]byte
	_, _ = descriptor.TryRead(fd, rings[:]) // what is left rings again
	for {
		select {
		case a := <-l.answers:
			a.target.takeAnswer(a)
		default:
			return
		}
	}
}

// stop lets lookups that are under way end.
func (l *lookups) stop() {
	if l.cancel != nil {
		l.cancel()
	}
}

func (t *target) takeAnswer(a answer) {
	switch {
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
