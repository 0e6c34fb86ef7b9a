package descriptor_test

import (
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"iomux/descriptor"
	"iomux/internal/test/leak"
	"iomux/internal/test/network"
	"iomux/internal/test/suite"
	"iomux/internal/test/wine"
)

func TestMain(m *testing.M) { leak.Main(m) }

var must = suite.Must

type (
	number    int16
	bigNumber uint64
	withFd    struct{ fd uintptr }
	withFD    struct{ fd int }
	hasFd     interface{ Fd() uintptr }
)

func (w withFd) Fd() uintptr { return w.fd }
func (w *withFD) FD() int    { return w.fd }

func TestOfIntegers(t *testing.T) {
	for _, v := range []any{
		7, int8(7), int16(7), int32(7), int64(7), uint(7), uint8(7), uint16(7), uint32(7), uint64(7), uintptr(7),
		number(7), bigNumber(7), withFd{7}, &withFD{7},
	} {
		if fd, err := descriptor.Of(v); fd != 7 || err != nil {
			t.Errorf("Of(%T): %d, %v", v, fd, err)
		}
	}
	for _, v := range []any{-1, int8(-1), number(-7), math.MinInt, int64(math.MinInt64), uint64(math.MaxUint64), bigNumber(1 << 63)} {
		if fd, err := descriptor.Of(v); fd != -1 || !errors.Is(err, syscall.EBADF) {
			t.Errorf("Of(%T %v): %d, %v, want EBADF", v, v, fd, err)
		}
	}
}

func TestOfFilesAndConnections(t *testing.T) {
	network.Need(t)
	r, w, err := os.Pipe()
	must(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	client, err := net.Dial("tcp", listener.Addr().String())
	must(t, err)
	server, err := listener.Accept()
	must(t, err)
	all := []io.Closer{r, w, listener, client, server}
	if !wine.Running() { // Wine lacks an ioctl that package net needs for UDP sockets
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		must(t, err)
		all = append(all, packets)
	}

	seen := make(map[int]bool)
	for _, v := range all {
		fd, err := descriptor.Of(v)
		if err != nil || fd < 0 || seen[fd] {
			t.Errorf("Of(%T): %d, %v", v, fd, err)
		}
		seen[fd] = true
	}
	for _, v := range all {
		must(t, v.Close())
		if fd, err := descriptor.Of(v); fd != -1 || !errors.Is(err, os.ErrClosed) {
			t.Errorf("Of(closed %T): %d, %v, want os.ErrClosed", v, fd, err)
		}
	}
}

func TestOfValuesWithoutDescriptor(t *testing.T) {
	client, server := net.Pipe()
	defer func() { must(t, errors.Join(client.Close(), server.Close())) }()
	for _, test := range []struct {
		v     any
		words string // a part of the message
	}{
		{nil, "nil"},
		{(*os.File)(nil), "nil *os.File"},
		{(*net.TCPConn)(nil), "nil *net.TCPConn"},
		{(*withFD)(nil), "nil *descriptor_test.withFD"},
		{new(os.File), "*os.File"},
		{struct{ syscall.Conn }{}, "struct"},
		{struct{ *os.File }{new(os.File)}, "struct"},
		{&struct{ *os.File }{}, "struct"},
		{struct{ hasFd }{}, "struct"},
		{new(net.TCPConn), "*net.TCPConn"},
		{new(net.UnixListener), "*net.UnixListener"},
		{"3", "a string"},
		{3.0, "a float64"},
		{[]int{3}, "a []int"},
		{struct{}{}, "a struct {}"},
		{client, "*net.pipe"},
		{tls.Client(client, new(tls.Config)), "buffers"},
		{withFd{^uintptr(0)}, "withFd"},
		{&withFD{-1}, "withFD"},
	} {
		fd, err := descriptor.Of(test.v)
		if fd != -1 || err == nil || !strings.Contains(err.Error(), test.words) {
			t.Errorf("Of(%T): %d, %v, want an error with %q", test.v, fd, err, test.words)
		}
	}
	for _, closed := range []any{withFd{^uintptr(0)}, &withFD{-1}} {
		if _, err := descriptor.Of(closed); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Of(closed %T): %v, want os.ErrClosed", closed, err)
		}
	}
}

// panicking is an object whose method panics.
type panicking struct{}

func (panicking) FD() int { panic("a bug of its own") }

// The error of a value that was never opened states that, not how its method failed. The error of
// another panic has the reason.
func TestOfObjectsWhoseMethodPanics(t *testing.T) {
	for _, v := range []any{new(os.File), struct{ *os.File }{new(os.File)}, struct{ hasFd }{}} {
		_, err := descriptor.Of(v)
		if !errors.Is(err, os.ErrInvalid) || !strings.Contains(err.Error(), "never opened") || strings.Contains(err.Error(), "nil pointer") {
			t.Errorf("Of(%T): %v", v, err)
		}
	}
	if _, err := descriptor.Of(panicking{}); err == nil || !strings.Contains(err.Error(), "a bug of its own") {
		t.Errorf("Of an object whose method panics: %v", err)
	}
}

// broken is a connection whose SyscallConn fails with reason.
type broken struct{ reason error }

func (b broken) SyscallConn() (syscall.RawConn, error) { return nil, b.reason }

// brokenFile is a broken connection that can be truncated.
type brokenFile struct {
	broken
	truncate error
}

func (b brokenFile) Truncate(int64) error { return b.truncate }

// The type of a source's error decides whether it is closed, not its message.
func TestOfBrokenSources(t *testing.T) {
	other := errors.New("use of closed file")
	for _, test := range []struct {
		name     string
		source   any
		reason   error
		isClosed bool
	}{
		{name: "another error", source: broken{other}, reason: other},
		{name: "another error of a file", source: brokenFile{broken{other}, other}, reason: other},
		{name: "a file that is open", source: brokenFile{broken{other}, nil}, reason: other},
		{name: "a closed file", source: brokenFile{broken{other}, os.ErrClosed}, isClosed: true},
		{name: "os.ErrClosed", source: broken{&os.PathError{Op: "control", Err: os.ErrClosed}}, isClosed: true},
		{name: "net.ErrClosed", source: broken{&net.OpError{Op: "control", Err: net.ErrClosed}}, isClosed: true},
	} {
		fd, err := descriptor.Of(test.source)
		if fd != -1 || errors.Is(err, os.ErrClosed) != test.isClosed || test.reason != nil && !errors.Is(err, test.reason) {
			t.Errorf("%s: Of: %d, %v", test.name, fd, err)
		}
	}
}
