package selectfd_test

import (
	"errors"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"iomux/descriptor"
	"iomux/internal/test/suite"
	"iomux/selectfd"
)

func TestSelectAcceptsValuesWithASocket(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { must(t, listener.Close()) }()
	client, err := net.Dial("tcp", listener.Addr().String())
	must(t, err)
	defer func() { must(t, client.Close()) }()
	server, err := listener.Accept()
	must(t, err)
	defer func() { must(t, server.Close()) }()
	_, err = client.Write([]byte{'x'})
	must(t, err)

	ready, _, _, err := selectfd.Select([]net.Conn{client, server}, nil, nil, soon)
	if err != nil || !slices.Equal(ready, []net.Conn{server}) {
		t.Errorf("Select of connections: %v, %v", ready, err)
	}
	handle, err := descriptor.Of(server)
	must(t, err)
	raw, w := suite.Pipe(t)
	suite.Write(t, w)
	r, wr, x, err := selectfd.Select([]any{listener, raw, server, uintptr(handle)}, []any{raw, raw}, []any{server}, soon)
	if err != nil || !slices.Equal(r, []any{raw, server, uintptr(handle)}) || !slices.Equal(wr, []any{raw, raw}) || x != nil {
		t.Errorf("Select of a mixture: %v, %v, %v, %v", r, wr, x, err)
	}
}

// A refused connection is readable and writable on Unix. Programs for Windows expect it to be
// exceptional.
func TestRefusedConnectionIsInEachSet(t *testing.T) {
	listener, address := suite.Listen(t)
	suite.Close(t, listener)
	for i := range 3 {
		fd := suite.Connect(t, address)
		sets := [3]*selectfd.Set{}
		sets[i] = set(fd)
		if n, err := selectfd.Wait(sets[0], sets[1], sets[2], soon); n != 1 || err != nil || !sets[i].Has(fd) {
			t.Errorf("set %d: %d, %v", i, n, err)
		}
	}
}

// The driver reports a reset even if it is not requested, and would report it again at once.
func TestResetIsNotExceptional(t *testing.T) {
	r, w := suite.Pipe(t)
	suite.Reset(t, w)
	suite.Await(t, r, suite.In)
	x := set(r)
	start := time.Now()
	if n, err := selectfd.Wait(nil, nil, x, 20*time.Millisecond); n != 0 || err != nil || time.Since(start) < 20*time.Millisecond {
		t.Errorf("Wait: %d, %v after %v", n, err, time.Since(start))
	}
	reading, exceptional := set(r), set(r)
	if n, err := selectfd.Wait(reading, nil, exceptional, soon); n != 1 || err != nil || !reading.Has(r) {
		t.Errorf("Wait: %d, %v", n, err)
	}
}

// A closed handle is a mistake of the program, so it comes before a limit of the system.
func TestClosedSocketBesideAHandleThatIsNotASocket(t *testing.T) {
	file, closed := suite.File(t), suite.ClosedFD(t)
	_, err := selectfd.Wait(set(file, closed), nil, nil, soon)
	if !errors.Is(err, syscall.EBADF) || errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Wait: %v, want EBADF", err)
	}
}
