//go:build unix

package descriptor_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/internal/test/suite"
)

func TestOfRefusesNumbersAbove31Bits(t *testing.T) {
	for _, v := range []any{uint32(math.MaxInt32 + 1), int64(1) << 32, uint64(1) << 32, uintptr(math.MaxInt32 + 1)} {
		if fd, err := descriptor.Of(v); fd != -1 || !errors.Is(err, unix.EBADF) {
			t.Errorf("Of(%v): %d, %v, want EBADF", v, fd, err)
		}
	}
	if fd, err := descriptor.Of(int32(math.MaxInt32)); fd != math.MaxInt32 || err != nil {
		t.Errorf("Of(MaxInt32): %d, %v", fd, err)
	}
}

// os.File.Fd would make the file blocking.
func TestOfLeavesTheFileNonBlocking(t *testing.T) {
	r, w, err := os.Pipe()
	must(t, err)
	defer func() { must(t, errors.Join(r.Close(), w.Close())) }()
	fd, err := descriptor.Of(r)
	must(t, err)
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
		t.Errorf("flags are %#x, %v, want O_NONBLOCK", flags, err)
	}
}

// blocking makes descriptors blocking.
func blocking(t testing.TB, fds ...int) {
	t.Helper()
	for _, fd := range fds {
		must(t, unix.SetNonblock(fd, false))
	}
}

// pairs opens descriptors of each kind to read from and write to.
var pairs = map[string]func(testing.TB) (r, w int){
	"pipe":       suite.Pipe,
	"socketpair": func(t testing.TB) (int, int) { return suite.SocketPair(t, unix.SOCK_STREAM) },
	"tcp":        suite.TCPPair,
	"blocking pipe": func(t testing.TB) (int, int) {
		r, w := suite.Pipe(t)
		blocking(t, r, w)
		return r, w
	},
	"blocking tcp": func(t testing.TB) (int, int) {
		r, w := suite.TCPPair(t)
		blocking(t, r, w)
		return r, w
	},
}

func overPairs(t *testing.T, test func(t *testing.T, r, w int)) {
	forms := map[string]bool{"": false}
	if byMode != nil {
		forms[" by mode"] = true
	}
	for form, on := range forms {
		for name, pair := range pairs {
			t.Run(name+form, func(t *testing.T) {
				if byMode != nil {
					defer byMode(byMode(on))
				}
				r, w := pair(t)
				test(t, r, w)
			})
		}
	}
}

func TestReadOfNothingIsEAGAIN(t *testing.T) {
	overPairs(t, func(t *testing.T, r, _ int) {
		for range 3 {
			if n, err := descriptor.TryRead(r, make([]byte, 8)); n != 0 || err != unix.EAGAIN {
				t.Errorf("TryRead: %d, %v, want EAGAIN itself", n, err)
			}
		}
	})
}

// With a descriptor limit of 0, Linux refuses every poll(2).
func TestTransferAtADescriptorLimitOfZero(t *testing.T) {
	overPairs(t, func(t *testing.T, r, w int) {
		buffer := make([]byte, 8)
		leave := suite.Limit(t, 0)
		if n, err := descriptor.TryRead(r, buffer); n != 0 || err != unix.EAGAIN {
			t.Errorf("TryRead of nothing: %d, %v, want EAGAIN", n, err)
		}
		if n, err := descriptor.TryWrite(w, []byte("hello")); n != 5 || err != nil {
			t.Errorf("TryWrite: %d, %v", n, err)
		}
		leave()
		suite.Await(t, r, suite.In)
		suite.Limit(t, 0)
		if n, err := descriptor.TryRead(r, buffer); err != nil || string(buffer[:n]) != "hello" {
			t.Errorf("TryRead: %q, %v", buffer[:max(n, 0)], err)
		}
	})
}

func TestWrittenIsRead(t *testing.T) {
	overPairs(t, func(t *testing.T, r, w int) {
		buffer := make([]byte, 8)
		for range 3 {
			if n, err := descriptor.TryWrite(w, []byte("hello")); n != 5 || err != nil {
				t.Fatalf("TryWrite: %d, %v", n, err)
			}
			suite.Await(t, r, suite.In)
			if n, err := descriptor.TryRead(r, buffer); err != nil || string(buffer[:n]) != "hello" {
				t.Fatalf("TryRead: %q, %v", buffer[:max(n, 0)], err)
			}
		}
		suite.Close(t, w)
		suite.Await(t, r, suite.In)
		if n, err := descriptor.TryRead(r, buffer); n != 0 || err != nil {
			t.Errorf("TryRead at the end: %d, %v", n, err)
		}
	})
}

// A full descriptor does not block the writer, even if it is in blocking mode.
func TestWriteWithoutRoomIsEAGAIN(t *testing.T) {
	overPairs(t, func(t *testing.T, _, w int) {
		big := make([]byte, 1<<25) // more than a TCP connection buffers
		total := 0
		for {
			n, err := descriptor.TryWrite(w, big)
			if err == unix.EAGAIN {
				break
			}
			if n <= 0 || err != nil {
				t.Fatalf("TryWrite: %d, %v", n, err)
			}
			if total += n; total > 1<<30 {
				t.Fatal("the descriptor never becomes full")
			}
		}
		if total == 0 {
			t.Error("there was no room at first")
		}
	})
}

func TestWriteWithoutReaderIsEPIPE(t *testing.T) {
	overPairs(t, func(t *testing.T, r, w int) {
		suite.Close(t, r)
		var err error
		for range 1000 { // TCP detects it only from the reply to the first write
			if _, err = descriptor.TryWrite(w, []byte{'x'}); err != nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if err != unix.EPIPE && err != unix.ECONNRESET {
			t.Errorf("TryWrite: %v, want EPIPE", err)
		}
	})
}

// The lowest 32 bits of the number are an open descriptor.
func TestNumbersAreNotTruncated(t *testing.T) {
	const beyond = math.MaxInt >> 32 << 32
	if beyond == 0 {
		t.Skip("this machine has no numbers of more than 32 bits")
	}
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	if n, err := descriptor.TryRead(beyond|r, make([]byte, 1)); n != 0 || err != unix.EBADF {
		t.Errorf("TryRead: %d, %v, want EBADF", n, err)
	}
	if n, err := descriptor.TryWrite(beyond|w, []byte{1}); n != 0 || err != unix.EBADF {
		t.Errorf("TryWrite: %d, %v, want EBADF", n, err)
	}
}

func TestEmptyBuffer(t *testing.T) {
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	for _, p := range [][]byte{nil, {}} {
		if n, err := descriptor.TryRead(r, p); n != 0 || err != nil {
			t.Errorf("TryRead: %d, %v", n, err)
		}
		if n, err := descriptor.TryWrite(w, p); n != 0 || err != nil {
			t.Errorf("TryWrite: %d, %v", n, err)
		}
	}
	if n := suite.Drain(t, r); n != 1 {
		t.Errorf("%d bytes are in the pipe, want 1", n)
	}
}

func TestRegularFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, flags := range []int{0, unix.O_NONBLOCK} {
		fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC|flags, 0o600)
		must(t, err)
		suite.CloseAtEnd(t, fd)
		if n, err := descriptor.TryWrite(fd, []byte("hello")); n != 5 || err != nil {
			t.Fatalf("TryWrite: %d, %v", n, err)
		}
		_, err = unix.Seek(fd, 1, 0)
		must(t, err)
		buffer := make([]byte, 8)
		if n, err := descriptor.TryRead(fd, buffer); err != nil || string(buffer[:n]) != "ello" {
			t.Errorf("TryRead: %q, %v", buffer[:max(n, 0)], err)
		}
		if n, err := descriptor.TryRead(fd, buffer); n != 0 || err != nil {
			t.Errorf("TryRead at the end: %d, %v", n, err)
		}
	}
}

func TestDescriptorsThatCannotBeUsedAreEBADF(t *testing.T) {
	// A pipe cannot be used: on FreeBSD and DragonFly both of its ends are readable and
	// writable.
	var r, w int
	for fd, flags := range map[*int]int{&r: unix.O_RDONLY, &w: unix.O_WRONLY} {
		var err error
		*fd, err = unix.Open(os.DevNull, flags|unix.O_CLOEXEC, 0)
		must(t, err)
		suite.CloseAtEnd(t, *fd)
	}
	for _, fd := range []int{-1, math.MinInt, math.MaxInt, suite.ClosedFD(t), w} {
		if n, err := descriptor.TryRead(fd, make([]byte, 1)); n != 0 || err != unix.EBADF {
			t.Errorf("TryRead(%d): %d, %v, want EBADF", fd, n, err)
		}
	}
	for _, fd := range []int{-1, math.MinInt, math.MaxInt, suite.ClosedFD(t), r} {
		if n, err := descriptor.TryWrite(fd, []byte{1}); n != 0 || err != unix.EBADF {
			t.Errorf("TryWrite(%d): %d, %v, want EBADF", fd, n, err)
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	overPairs(t, func(t *testing.T, r, w int) {
		buffer := make([]byte, 8)
		if n := testing.AllocsPerRun(100, func() {
			_, _ = descriptor.TryWrite(w, buffer)
			_, _ = descriptor.TryRead(r, buffer)
			_, _ = descriptor.TryRead(r, buffer) // EAGAIN
		}); n != 0 {
			t.Errorf("TryWrite and TryRead allocate %v times", n)
		}
	})
}

// A loop that only calls TryRead does not prevent other goroutines from running.
func TestOthersRunDuringALoop(t *testing.T) {
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			r, _ := pair(t)
			buffer := make([]byte, 1)
			suite.OthersRun(t, func() { _, _ = descriptor.TryRead(r, buffer) })
		})
	}
}

// A read with an empty buffer does not drop a datagram.
func TestDatagramsStayWhole(t *testing.T) {
	for name, kind := range map[string]int{"datagram": unix.SOCK_DGRAM, "seqpacket": unix.SOCK_SEQPACKET} {
		t.Run(name, func(t *testing.T) {
			if kind == unix.SOCK_SEQPACKET && runtime.GOOS == "darwin" {
				t.Skip("macOS has no such sockets")
			}
			a, b := suite.SocketPair(t, kind)
			blocking(t, a, b)
			for _, text := range []string{"first", "second"} {
				if n, err := descriptor.TryWrite(a, []byte(text)); n != len(text) || err != nil {
					t.Fatalf("TryWrite: %d, %v", n, err)
				}
			}
			buffer := make([]byte, 8)
			for _, text := range []string{"first", "second"} {
				if n, err := descriptor.TryRead(b, nil); n != 0 || err != nil {
					t.Errorf("TryRead into nothing: %d, %v", n, err)
				}
				if n, err := descriptor.TryRead(b, buffer); err != nil || string(buffer[:n]) != text {
					t.Errorf("TryRead: %q, %v, want %q", buffer[:n], err, text)
				}
			}
			if n, err := descriptor.TryRead(b, buffer); n != 0 || err != unix.EAGAIN {
				t.Errorf("TryRead of nothing: %d, %v, want EAGAIN", n, err)
			}
		})
	}
}

// A reused number may belong to another kind of file. TryRead and TryWrite do not rely on the
// earlier kind.
func TestNumbersThatBelongToAnotherKindOfFile(t *testing.T) {
	const from = 700
	each := 600
	if runtime.GOOS != "linux" { // other systems store nothing about a number
		each = 20
	}
	buffer := make([]byte, 8)
	for range 3 {
		for name, pair := range pairs {
			r, w := pair(t)
			r, w = suite.Duplicate(t, r, from), suite.Duplicate(t, w, from)
			for range each {
				if n, err := descriptor.TryRead(r, buffer); n != 0 || err != unix.EAGAIN {
					t.Fatalf("%s: TryRead of nothing: %d, %v, want EAGAIN", name, n, err)
				}
				if n, err := descriptor.TryWrite(w, []byte("hello")); n != 5 || err != nil {
					t.Fatalf("%s: TryWrite: %d, %v", name, n, err)
				}
				suite.Await(t, r, suite.In)
				if n, err := descriptor.TryRead(r, buffer); err != nil || string(buffer[:n]) != "hello" {
					t.Fatalf("%s: TryRead: %q, %v", name, buffer[:n], err)
				}
			}
			suite.Close(t, r)
			suite.Close(t, w)
		}
	}
}
