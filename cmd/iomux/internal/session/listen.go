//go:build unix || windows

package session

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"iomux/cmd/iomux/internal/output"
)

// backlog is the length of the queue of connections that were not accepted.
const backlog = 128

// bindOne opens the listener or the datagram socket at the first address that can be bound.
func (t *target) bindOne(addresses []netip.AddrPort) {
	var reasons []error
	for _, address := range addresses {
		err := t.bind(address)
		if err == nil {
			t.consumes = true
			if address.Port() == 0 {
				printAddress(t.fd)
			}
			t.await(readable, t.receiver())
			return
		}
		t.release()
		reasons = append(reasons, err)
	}
	t.fail(joinReasons(reasons))
}

func (t *target) bind(address netip.AddrPort) error {
	domain, sockaddr, err := toSockaddr(address)
	if err != nil {
		return err
	}
	if t.kind == kindUDP {
		if t.fd, err = makeSocket(domain, syscall.SOCK_DGRAM); err != nil {
			return err
		}
		t.made = true
		return bind(t.fd, sockaddr)
	}
	if t.fd, err = makeSocket(domain, syscall.SOCK_STREAM); err != nil {
		return err
	}
	t.made = true
	if err := reuseAddress(t.fd); err != nil {
		return err
	}
	if err := bind(t.fd, sockaddr); err != nil {
		return err
	}
	return listen(t.fd, backlog)
}

// printAddress prints the address of a socket whose port the system has picked.
func printAddress(fd int) {
	if own, err := ownAddress(fd); err == nil {
		_, _ = fmt.Fprintln(output.Stderr, "listening on", own) // like exit.Complain
	}
}

func (t *target) receiver() func(states) {
	if t.kind == kindUDP {
		return t.receive
	}
	return t.accept
}

// accept accepts one connection and closes it. There is none if the peer has gone away again.
func (t *target) accept(states) {
	fd, peer, err := accept(t.fd)
	switch {
	case err == nil:
		_ = closeFD(fd) // nothing was written to it
	case isNothing(err):
		return
	default:
		t.fail(err)
		return
	}
	r := t.newReport(connection)
	r.peer = textOf(addressOf(peer))
	t.report(r)
}

// longest is larger than any datagram.
const longest = 1 << 16

// receive receives one datagram. There is none if it was damaged.
func (t *target) receive(states) {
	n, peer, err := receive(t.fd, make([]byte, longest))
	switch {
	case err == nil:
	case isNothing(err):
		return
	default:
		t.fail(err)
		return
	}
	r := t.newReport(datagram)
	r.peer, r.bytes = textOf(addressOf(peer)), n
	t.report(r)
}

// toSockaddr converts an address for the kernel.
func toSockaddr(address netip.AddrPort) (domain int, sockaddr syscall.Sockaddr, err error) {
	ip := address.Addr()
	if ip.Is4() {
		return syscall.AF_INET, &syscall.SockaddrInet4{Port: int(address.Port()), Addr: ip.As4()}, nil
	}
	zone, err := zoneNumber(ip.Zone())
	return syscall.AF_INET6, &syscall.SockaddrInet6{Port: int(address.Port()), Addr: ip.As16(), ZoneId: zone}, err
}

// zoneNumber returns the number of a network interface, which zone names or numbers.
func zoneNumber(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if number, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(number), nil
	}
	network, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, fmt.Errorf("there is no network interface %s", zone)
	}
	return uint32(network.Index), nil
}

// addressOf converts an address of the kernel. It returns the zero AddrPort if the address is
// neither IPv4 nor IPv6.
func addressOf(sockaddr syscall.Sockaddr) netip.AddrPort {
	switch a := sockaddr.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *syscall.SockaddrInet6:
		ip := netip.AddrFrom16(a.Addr)
		if a.ZoneId != 0 {
			ip = ip.WithZone(strconv.FormatUint(uint64(a.ZoneId), 10))
		}
		return netip.AddrPortFrom(ip, uint16(a.Port))
	}
	return netip.AddrPort{}
}

// textOf returns the address as text, "" for the zero AddrPort.
func textOf(address netip.AddrPort) string {
	if !address.IsValid() {
		return ""
	}
	return address.String()
}
