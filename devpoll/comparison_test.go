//go:build unix

package devpoll_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/devpoll"
	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

// states opens descriptors in all states that a test can set up.
var states = []func(testing.TB) int{
	func(t testing.TB) int { r, _ := suite.Pipe(t); return r },
	func(t testing.TB) int { _, w := suite.Pipe(t); return w },
	func(t testing.TB) int { r, w := suite.Pipe(t); suite.Write(t, w); return r },
	func(t testing.TB) int { r, w := suite.Pipe(t); suite.Close(t, w); return r },
	func(t testing.TB) int { r, w := suite.Pipe(t); suite.Write(t, w); suite.Close(t, w); return r },
	func(t testing.TB) int { r, w := suite.Pipe(t); suite.Close(t, r); return w },
	func(t testing.TB) int { _, w := suite.Pipe(t); suite.Fill(t, w); return w },
	func(t testing.TB) int { a, _ := suite.SocketPair(t, unix.SOCK_STREAM); return a },
	func(t testing.TB) int { a, b := suite.SocketPair(t, unix.SOCK_STREAM); suite.Write(t, b); return a },
	func(t testing.TB) int { a, b := suite.SocketPair(t, unix.SOCK_STREAM); suite.Close(t, b); return a },
	func(t testing.TB) int {
		a, b := suite.SocketPair(t, unix.SOCK_STREAM)
		must(t, unix.Shutdown(b, unix.SHUT_WR))
		return a
	},
	func(t testing.TB) int {
		a, _ := suite.SocketPair(t, unix.SOCK_STREAM)
		must(t, unix.Shutdown(a, unix.SHUT_RDWR))
		return a
	},
	func(t testing.TB) int { a, _ := suite.SocketPair(t, unix.SOCK_DGRAM); return a },
	func(t testing.TB) int { return suite.Socket(t, unix.SOCK_STREAM) },
	func(t testing.TB) int { return suite.Socket(t, unix.SOCK_DGRAM) },
	func(t testing.TB) int { fd, _ := suite.Listen(t); return fd },
	func(t testing.TB) int {
		fd, address := suite.Listen(t)
		suite.Connect(t, address)
		suite.Await(t, fd, suite.In)
		return fd
	},
	func(t testing.TB) int {
		client, server := suite.TCPPair(t)
		must(t, unix.Sendto(client, []byte("!"), unix.MSG_OOB, nil))
		suite.Await(t, server, suite.Pri)
		return server
	},
	suite.File,
	func(t testing.TB) int { return openFile(t, filepath.Dir(t.TempDir())) },
	func(t testing.TB) int { return openFile(t, "/dev/null") },
	suite.ClosedFD,
	func(testing.TB) int { return 1 << 20 }, // beyond the process's table
}

func openFile(t testing.TB, path string) int {
	t.Helper()
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	must(t, err)
	suite.CloseAtEnd(t, fd)
	return fd
}

// masks holds every event.
var masks = []devpoll.Events{
	devpoll.In, devpoll.Pri, devpoll.Out, devpoll.Err, devpoll.Hup, devpoll.Nval,
	devpoll.RdNorm, devpoll.RdBand, devpoll.WrNorm, devpoll.WrBand, devpoll.Msg, devpoll.RdHup,
}

func mask(bits uint16) (all devpoll.Events) {
	for i, event := range masks {
		if bits>>i&1 != 0 && sys.PollLacks(uint16(event)) == "" {
			all |= event
		}
	}
	return all
}

// compare runs a program that registers descriptors and changes some. Then it compares the Poller
// with poll(2).
func compare(t *testing.T, poller *devpoll.Poller, program []byte) {
	t.Helper()
	asked := make(map[int]devpoll.Events)
	var fds []int
	for len(program) >= 3 {
		code, events := program[0], mask(uint16(program[1])|uint16(program[2])<<8)
		program = program[3:]
		switch {
		case code < 200 || len(fds) == 0:
			fd := states[int(code)%len(states)](t)
			fds = append(fds, fd)
			must(t, poller.Register(fd, events))
			asked[fd] = events
		case code < 220:
			fd := fds[int(code)%len(fds)]
			must(t, poller.Modify(fd, events))
			asked[fd] = events
		case code < 240:
			fd := fds[int(code)%len(fds)]
			must(t, poller.Unregister(fd))
			delete(asked, fd)
		default: // closed after Register while a duplicate is open
			r, w := suite.Pipe(t)
			suite.Write(t, w)
			fd := suite.Duplicate(t, r, 600)
			must(t, poller.Register(fd, events))
			must(t, unix.Close(fd))
			asked[fd] = events
		}
		expectAsPoll(t, poller, asked)
	}
	time.Sleep(2 * time.Millisecond) // after that, every variant detects a closed descriptor
	expectAsPoll(t, poller, asked)
}

// expectAsPoll checks that Poll and poll(2) report the same events of registered descriptors.
func expectAsPoll(t *testing.T, poller *devpoll.Poller, asked map[int]devpoll.Events) {
	t.Helper()
	var list []sys.PollFD
	for fd, events := range asked {
		list = append(list, sys.PollFD{FD: int32(fd), Events: uint16(events)})
	}
	_, errno := sys.Poll(list, 0)
	for errno == unix.EINTR { // a signal of the Go runtime can interrupt it
		_, errno = sys.Poll(list, 0)
	}
	if errno != 0 {
		t.Fatal("poll:", errno)
	}
	want := make(map[int]devpoll.Events)
	for _, fd := range list {
		if fd.Revents != 0 {
			want[int(fd.FD)] = devpoll.Events(fd.Revents)
		}
	}
	got := poll(t, poller, 0)
	for fd, events := range asked {
		if got[fd] != want[fd] {
			t.Errorf("descriptor %d, registered for %v, is %v, want %v as poll reports", fd, events, got[fd], want[fd])
		}
		delete(got, fd)
	}
	if len(got) != 0 {
		t.Errorf("%v was reported without a request", got)
	}
}

// sameVariants holds the variants that detect a closed descriptor at once.
var sameVariants = []string{"default", "by poll"}

func TestSameAsPoll(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %#x", seed)
	for _, name := range sameVariants {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			for range 30 {
				program := make([]byte, 3*(1+random.IntN(40)))
				for i := range program {
					program[i] = byte(random.Uint32())
				}
				t.Run("set", func(t *testing.T) { compare(t, open(t, name), program) })
			}
		})
	}
}

func FuzzSameAsPoll(f *testing.F) {
	f.Add([]byte{})
	for state := range states {
		f.Add([]byte{byte(state), 0xff, 0xff, 201, 0, 0, 221, 0, 0})
	}
	f.Add([]byte{2, 1, 0, 250, 1, 0, 241, 5, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		program = program[:min(len(program), 3*40)]
		for _, name := range sameVariants {
			compare(t, open(t, name), program)
		}
	})
}

// Many descriptors also have the same events as in poll(2), but not all at once.
func TestSameAsPollByEpoll(t *testing.T) {
	for _, name := range []string{"by epoll", "half by poll", "default"} {
		t.Run(name, func(t *testing.T) {
			poller := open(t, name)
			asked := make(map[int]devpoll.Events)
			for i := range 200 {
				fd := states[i%len(states)](t)
				asked[fd] = mask(uint16(rand.Uint32()))
				must(t, poller.Register(fd, asked[fd]))
			}
			closed := 0
			for fd := range asked {
				if closed++; closed%7 == 0 && sys.IsOpen(fd) {
					suite.Close(t, fd)
				}
			}
			poll(t, poller, 0)
			time.Sleep(2 * time.Millisecond)
			expectAsPoll(t, poller, asked)
		})
	}
}
