package descriptor_test

import (
	"bytes"
	"errors"
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/windows"

	"iomux/descriptor"
	"iomux/internal/test/suite"
)

// overModes runs a test on non-blocking and on blocking sockets.
func overModes(t *testing.T, test func(t *testing.T, r, w int)) {
	for name, blocking := range map[string]bool{"not blocking": false, "blocking": true} {
		t.Run(name, func(t *testing.T) {
			r, w := suite.Pipe(t)
			suite.SetBlocking(t, r, blocking)
			suite.SetBlocking(t, w, blocking)
			test(t, r, w)
		})
	}
}

func TestReadOfNothingIsEAGAIN(t *testing.T) {
	overModes(t, func(t *testing.T, r, w int) {
		for range 3 {
			if n, err := descriptor.TryRead(r, make([]byte, 8)); n != 0 || err != syscall.EAGAIN {
				t.Errorf("TryRead: %d, %v, want EAGAIN itself", n, err)
			}
		}
		suite.Close(t, w)
		suite.Await(t, r, suite.In)
		if n, err := descriptor.TryRead(r, make([]byte, 8)); n != 0 || err != nil {
			t.Errorf("TryRead at the end: %d, %v", n, err)
		}
	})
}

func TestReadTakesWhatIsThere(t *testing.T) {
	overModes(t, func(t *testing.T, r, w int) {
		if n, err := descriptor.TryWrite(w, []byte("hello")); n != 5 || err != nil {
			t.Fatalf("TryWrite: %d, %v", n, err)
		}
		suite.Await(t, r, suite.In)
		buffer := make([]byte, 64)
		if n, err := descriptor.TryRead(r, buffer); err != nil || string(buffer[:n]) != "hello" {
			t.Errorf("TryRead: %q, %v", buffer[:n], err)
		}
	})
}

func TestWriteFillsAndReadEmpties(t *testing.T) {
	overModes(t, func(t *testing.T, r, w int) {
		text := bytes.Repeat([]byte("0123456789"), 1<<16)
		written := 0
		for {
			n, err := descriptor.TryWrite(w, text[written%10:])
			if err == syscall.EAGAIN {
				break
			}
			if err != nil || n <= 0 {
				t.Fatalf("TryWrite: %d, %v", n, err)
			}
			written += n
		}
		var got []byte
		for buffer := make([]byte, 1<<16); len(got) < written; {
			suite.Await(t, r, suite.In)
			n, err := descriptor.TryRead(r, buffer)
			if err != nil && err != syscall.EAGAIN {
				t.Fatal("TryRead:", err)
			}
			got = append(got, buffer[:n]...)
		}
		if want := bytes.Repeat([]byte("0123456789"), written/10+1)[:written]; !bytes.Equal(got, want) {
			t.Errorf("%d bytes were written, but %d were read, or other bytes", written, len(got))
		}
	})
}

func TestDatagramsStayWhole(t *testing.T) {
	a, b := suite.SocketPair(t, windows.SOCK_DGRAM)
	text := make([]byte, 9000)
	if n, err := descriptor.TryWrite(a, text); n != len(text) || err != nil {
		t.Fatalf("TryWrite: %d, %v", n, err)
	}
	suite.Await(t, b, suite.In)
	if n, err := descriptor.TryRead(b, make([]byte, 1<<16)); n != len(text) || err != nil {
		t.Errorf("TryRead: %d, %v, want %d", n, err, len(text))
	}
}

func TestReadOfAConnectionOfPackageNet(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	client, err := net.Dial("tcp", listener.Addr().String())
	must(t, err)
	server, err := listener.Accept()
	must(t, err)
	defer func() { must(t, errors.Join(listener.Close(), client.Close(), server.Close())) }()
	fd, err := descriptor.Of(server)
	must(t, err)
	if n, err := descriptor.TryRead(fd, make([]byte, 8)); n != 0 || err != syscall.EAGAIN {
		t.Errorf("TryRead: %d, %v, want EAGAIN itself", n, err)
	}
	_, err = client.Write([]byte("hello"))
	must(t, err)
	suite.Await(t, fd, suite.In)
	buffer := make([]byte, 8)
	if n, err := descriptor.TryRead(fd, buffer); err != nil || string(buffer[:n]) != "hello" {
		t.Errorf("TryRead: %q, %v", buffer[:n], err)
	}
	if n, err := descriptor.TryWrite(fd, []byte("answer")); n != 6 || err != nil {
		t.Errorf("TryWrite: %d, %v", n, err)
	}
	if n, err := client.Read(buffer); err != nil || string(buffer[:n]) != "answer" {
		t.Errorf("Read: %q, %v", buffer[:n], err)
	}
}

func TestDescriptorsThatCannotBeUsed(t *testing.T) {
	for fd, want := range map[int]error{suite.ClosedFD(t): syscall.EBADF, -1: syscall.EBADF, suite.File(t): errors.ErrUnsupported} {
		if n, err := descriptor.TryRead(fd, make([]byte, 8)); n != 0 || !errors.Is(err, want) {
			t.Errorf("TryRead(%d): %d, %v, want %v", fd, n, err, want)
		}
		if n, err := descriptor.TryWrite(fd, make([]byte, 8)); n != 0 || !errors.Is(err, want) {
			t.Errorf("TryWrite(%d): %d, %v, want %v", fd, n, err, want)
		}
	}
}
