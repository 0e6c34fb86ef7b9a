package session

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"iomux/cmd/iomux/internal/suggest"
)

// kind is the type of a source.
type kind uint8

const (
	kindDescriptor kind = iota
	kindPath
	kindChange
	kindExists
	kindTCP
	kindTCPListen
	kindUnix
	kindUDP
	kindTimer
	kindProcess
	kindSignal
)

// source is one SOURCE argument.
type source struct {
	text string // as it was given
	kind kind
	fd   int    // of kindDescriptor
	want states // of kindDescriptor
	path string // of kindPath, kindChange, kindExists and kindUnix
	host string // of the kinds with a network address: a name, or an address without brackets
	port string // likewise: a number or a name

	period time.Duration  // of kindTimer
	pid    int            // of kindProcess
	signal syscall.Signal // of kindSignal
}

func (s source) String() string { return s.text }

// schemes lists the kinds that are written with ://.
var schemes = []struct {
	prefix string
	kind   kind
	usage  string
}{
	{"tcp://", kindTCP, "tcp://HOST:PORT"},
	{"tcp-listen://", kindTCPListen, "tcp-listen://[HOST]:PORT"},
	{"unix://", kindUnix, "unix://PATH"},
	{"udp://", kindUDP, "udp://[HOST]:PORT"},
}

// Schemes returns an iterator over the prefixes of addresses, and how each is written.
func Schemes() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, scheme := range schemes {
			if !yield(scheme.prefix, scheme.usage) {
				return
			}
		}
	}
}

// loopback is the default host of listeners and datagram sockets, so that other machines cannot
// connect.
const loopback = "127.0.0.1"

// parseOne parses a SOURCE argument. Text that begins with / or . is a path.
func parseOne(text string) (source, error) {
	switch {
	case text == "":
		return source{}, errors.New("empty source: an unset variable?")
	case strings.ContainsRune(text, 0):
		return source{}, fmt.Errorf("%q: a path cannot contain a zero byte", text)
	case text == "-":
		return source{}, errors.New("-: write stdin")
	case text == "stdin" || text == "/dev/stdin":
		return parseDescriptor(text, "0", readable)
	case text == "/dev/stdout":
		return parseDescriptor(text, "1", readable)
	case text == "/dev/stderr":
		return parseDescriptor(text, "2", readable)
	case strings.HasPrefix(text, "/dev/fd/"):
		// As a path, a pipe that a shell made with <(...) would stay open in iomux.
		return parseDescriptor(text, strings.TrimPrefix(text, "/dev/fd/"), readable)
	case strings.HasPrefix(text, "/"), strings.HasPrefix(text, "."):
		return source{text: text, kind: kindPath, path: text}, nil
	case strings.HasPrefix(text, "fd:"):
		return parseInterest(text)
	case strings.HasPrefix(text, "path:"):
		return parseName(text, "path:", kindChange)
	case strings.HasPrefix(text, "exists:"):
		return parseName(text, "exists:", kindExists)
	case strings.HasPrefix(text, "timer:"):
		return parseTimer(text)
	case strings.HasPrefix(text, "pid:"):
		return parseProcess(text)
	case strings.HasPrefix(text, "signal:"):
		return parseSignal(text)
	}
	for _, scheme := range schemes {
		if address, ok := strings.CutPrefix(text, scheme.prefix); ok {
			return parseAddress(text, scheme.kind, address, scheme.usage)
		}
	}
	if scheme, _, ok := strings.Cut(text, "://"); ok {
		return source{}, fmt.Errorf("%s: %s:// is unknown%s", text, scheme, schemeAdvice(scheme, text))
	}
	return source{text: text, kind: kindPath, path: text}, nil
}

// schemeAdvice returns what to write instead of an unknown scheme.
func schemeAdvice(scheme, text string) string {
	var names []string
	for _, known := range schemes {
		names = append(names, strings.TrimSuffix(known.prefix, "://"))
	}
	if nearest := suggest.Nearest(scheme, names...); nearest != "" {
		return ": did you mean " + nearest + strings.TrimPrefix(text, scheme) + "?"
	}
	return ": use " + strings.Join(names, "://, ") + "://, or ./" + text + " for a path"
}

// parseInterest parses fd:3 and fd:3:rw.
func parseInterest(text string) (source, error) {
	number, letters, given := strings.Cut(strings.TrimPrefix(text, "fd:"), ":")
	want := readable
	if given {
		want = 0
		for _, letter := range letters {
			bit := map[rune]states{'r': readable, 'w': writable, 'p': priority}[letter]
			if bit == 0 || want&bit != 0 {
				return source{}, fmt.Errorf("%s: after the number write :r, :w, :p (priority) or several, as in fd:3:rw", text)
			}
			want |= bit
		}
	}
	if want == 0 {
		return source{}, fmt.Errorf("%s: nothing follows the second colon: write fd:%s, or fd:%s:w", text, number, number)
	}
	return parseDescriptor(text, number, want)
}

func parseDescriptor(text, number string, want states) (source, error) {
	fd, err := strconv.ParseUint(number, 10, 64)
	switch {
	case strings.HasPrefix(number, "-"):
		return source{}, fmt.Errorf("%s: a descriptor cannot be negative", text)
	case errors.Is(err, strconv.ErrRange) || err == nil && fd > math.MaxInt32:
		return source{}, fmt.Errorf("%s: no descriptor is above %d", text, math.MaxInt32)
	case err != nil || strconv.FormatUint(fd, 10) != number:
		return source{}, fmt.Errorf("%s: want the number of a descriptor, as in fd:3", text)
	}
	return source{text: text, kind: kindDescriptor, fd: int(fd), want: want}, nil
}

func parseAddress(text string, kind kind, address, usage string) (source, error) {
	s := source{text: text, kind: kind}
	if kind == kindUnix {
		if s.path = address; address == "" {
			return source{}, fmt.Errorf("%s: want %s", text, usage)
		}
		return s, nil
	}
	if strings.ContainsAny(address, "/?#@ \t\r\n") {
		return source{}, fmt.Errorf("%s: only host and port, want %s", text, usage)
	}
	var err error
	s.host, s.port, err = net.SplitHostPort(address)
	switch {
	case err != nil && strings.Count(address, ":") > 1 && !strings.HasSuffix(address, "]"):
		return source{}, fmt.Errorf("%s: write an IPv6 address in brackets, as in tcp://[::1]:80", text)
	case err != nil || s.port == "":
		return source{}, fmt.Errorf("%s: the port is missing, want %s", text, usage)
	case s.host == "" && kind == kindTCP:
		return source{}, fmt.Errorf("%s: the host is missing, want %s", text, usage)
	case s.host == "":
		s.host = loopback
	}
	// URLs write a zone as %25eth0. A zone of just 25 is a number.
	if ip, zone, ok := strings.Cut(s.host, "%25"); ok && zone != "" {
		s.host = ip + "%" + zone
	}
	if err := s.checkHost(strings.HasPrefix(address, "[")); err != nil {
		return source{}, err
	}
	return s, s.checkPort()
}

func (s source) checkHost(bracketed bool) error {
	address, err := netip.ParseAddr(s.host)
	if bracketed && (err != nil || !address.Is6()) {
		return fmt.Errorf("%s: only an IPv6 address stands in brackets", s)
	}
	if err != nil && strings.ContainsAny(s.host, "[]%:") {
		return fmt.Errorf("%s: %s is no host name", s, s.host)
	}
	if address.Is6() && address.IsLinkLocalUnicast() && address.Zone() == "" {
		return fmt.Errorf("%s: a link-local address needs a network interface, as in [%s%%eth0]", s, address)
	}
	return nil
}

// checkPort checks numbers. withPort looks up names.
func (s source) checkPort() error {
	if strings.Trim(s.port, "0123456789") != "" {
		if strings.ContainsAny(s.port[:1], "+-") {
			return fmt.Errorf("%s: want a port from 0 to 65535", s)
		}
		return nil
	}
	port, err := strconv.ParseUint(s.port, 10, 16)
	if err != nil {
		return fmt.Errorf("%s: port %s is above 65535", s, s.port)
	}
	if port == 0 && s.kind == kindTCP {
		return fmt.Errorf("%s: port 0 cannot have a listener", s)
	}
	return nil
}

// canGo reports whether --gone can wait for the source.
func (s source) canGo() bool {
	switch s.kind {
	case kindTCP, kindUnix, kindExists, kindChange, kindProcess:
		return true
	}
	return false
}

// network returns package net's name of the protocol.
func (s source) network() string {
	if s.kind == kindUDP {
		return "udp"
	}
	return "tcp"
}

// withPort returns the source with a number in place of the name of its port.
func (s source) withPort() (source, error) {
	if s.port == "" {
		return s, nil
	}
	port, err := net.LookupPort(s.network(), s.port)
	if err != nil {
		return s, fmt.Errorf("%s: this system has no port named %s: write its number", s, s.port)
	}
	s.port = strconv.Itoa(port)
	return s, nil
}
