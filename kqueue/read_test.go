//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// write writes n bytes. There must be room for them.
func write(t testing.TB, fd, n int) {
	t.Helper()
	if wrote, err := unix.Write(fd, make([]byte, n)); wrote != n || err != nil {
		t.Fatalf("write of %d to %d: %d, %v", n, fd, wrote, err)
	}
}

// read reads n bytes, which must have arrived.
func read(t testing.TB, fd, n int) {
	t.Helper()
	if got, err := descriptor.TryRead(fd, make([]byte, n)); got != n || err != nil {
		t.Fatalf("read of %d from %d: %d, %v", n, fd, got, err)
	}
}

// pairs runs the test with each kind of descriptor whose bytes are counted.
func pairs(t *testing.T, run func(t *testing.T, reading, writing int)) {
	localPairs(t, run)
	tcpPair(t, run)
}

// localPairs runs the test with descriptors that deliver data at once.
func localPairs(t *testing.T, run func(t *testing.T, reading, writing int)) {
	t.Run("Pipe", func(t *testing.T) {
		r, w := suite.Pipe(t)
		run(t, r, w)
	})
	socketPair(t, run)
}

func socketPair(t *testing.T, run func(t *testing.T, reading, writing int)) {
	t.Run("SocketPair", func(t *testing.T) {
		a, b := suite.SocketPair(t, unix.SOCK_STREAM)
		run(t, a, b)
	})
}

func tcpPair(t *testing.T, run func(t *testing.T, reading, writing int)) {
	t.Run("TCP", func(t *testing.T) {
		a, b := suite.TCPPair(t)
		run(t, a, b)
	})
}

func TestReadReportsTheExactNumberOfBytes(t *testing.T) {
	pairs(t, func(t *testing.T, reading, writing int) {
		queue := newQueue(t)
		apply(t, queue, change(reading, kqueue.FilterRead, kqueue.EvAdd))
		none(t, queue)
		total := 0
		for _, n := range []int{1, 10, 1000} {
			write(t, writing, n)
			total += n
			arrives(t, queue, reading, total)
			arrives(t, queue, reading, total) // as long as the data is there
		}
		read(t, reading, 11)
		arrives(t, queue, reading, 1000)
		read(t, reading, 1000)
		none(t, queue)
	})
}

// arrives waits for an event with the given number of bytes or connections. With TCP, the first
// event may come before all data has arrived.
func arrives(t *testing.T, queue *kqueue.Queue, fd, count int) {
	t.Helper()
	for end := time.Now().Add(soon); ; {
		event := one(t, queue, fd, kqueue.FilterRead)
		if event.Data == int64(count) {
			return
		}
		if event.Data > int64(count) || event.Data <= 0 || time.Now().After(end) {
			t.Fatalf("event is %v, want %d", event, count)
		}
	}
}

func TestClearReportsEachArrivalOnce(t *testing.T) {
	pairs(t, func(t *testing.T, reading, writing int) {
		queue := newQueue(t)
		apply(t, queue, change(reading, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear))
		none(t, queue)
		for i := 1; i <= 3; i++ {
			write(t, writing, 4)
			event := one(t, queue, reading, kqueue.FilterRead)
			if event.Data != int64(4*i) || event.Flags&kqueue.EvClear == 0 {
				t.Errorf("event is %v, want EvClear and %d bytes", event, 4*i)
			}
			none(t, queue)
		}
		read(t, reading, 5)
		// On FreeBSD and NetBSD, pipe_read wakes the readers along with the writers.
		if kqueue.Native {
			wait(t, queue, 8, quiet)
		}
		none(t, queue)
		write(t, writing, 1)
		one(t, queue, reading, kqueue.FilterRead)
	})
}

func TestOneShotReportsOnceAndIsGone(t *testing.T) {
	r, w := suite.Pipe(t)
	queue := newQueue(t)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvOneShot))
	suite.Write(t, w)
	if event := one(t, queue, r, kqueue.FilterRead); event.Flags&kqueue.EvOneShot == 0 {
		t.Errorf("event %v lacks EvOneShot", event)
	}
	suite.Write(t, w)
	none(t, queue)
	fails(t, queue, change(r, kqueue.FilterRead, kqueue.EvDelete), unix.ENOENT)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvOneShot))
	one(t, queue, r, kqueue.FilterRead)
}

func TestDispatchDisablesUntilEnabled(t *testing.T) {
	r, w := suite.Pipe(t)
	queue := newQueue(t)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvDispatch))
	suite.Write(t, w)
	one(t, queue, r, kqueue.FilterRead)
	suite.Write(t, w)
	none(t, queue)
	for range 2 {
		apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvEnable|kqueue.EvDispatch))
		one(t, queue, r, kqueue.FilterRead)
		none(t, queue)
	}
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvDelete))
}

func TestDisabledAndDeletedDescriptorsAreSilent(t *testing.T) {
	pairs(t, func(t *testing.T, reading, writing int) {
		queue := newQueue(t)
		apply(t, queue, change(reading, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvDisable))
		write(t, writing, 1)
		none(t, queue)
		apply(t, queue, change(reading, kqueue.FilterRead, kqueue.EvEnable))
		one(t, queue, reading, kqueue.FilterRead)
		// Removing a registration drops its pending event.
		apply(t, queue, change(reading, kqueue.FilterRead, kqueue.EvDisable))
		none(t, queue)
		apply(t, queue, change(reading, kqueue.FilterRead, kqueue.EvEnable), change(reading, kqueue.FilterRead, kqueue.EvDelete))
		none(t, queue)
	})
}

func TestEndOfFileComesWithTheRemainingBytes(t *testing.T) {
	pairs(t, func(t *testing.T, reading, writing int) {
		for _, flags := range []kqueue.Flags{0, kqueue.EvClear} {
			queue := newQueue(t)
			apply(t, queue, change(reading, kqueue.FilterRead, kqueue.EvAdd|flags))
			if flags == 0 {
				write(t, writing, 7)
				suite.Close(t, writing)
			}
			event := one(t, queue, reading, kqueue.FilterRead)
			for event.Flags&kqueue.EvEOF == 0 { // with TCP the end may come later
				event = one(t, queue, reading, kqueue.FilterRead)
			}
			if event.Data != 7 || event.Fflags != 0 {
				t.Errorf("event is %v, want EvEOF, 7 bytes and no error", event)
			}
			must(t, queue.Close())
		}
		read(t, reading, 7)
		queue := newQueue(t)
		apply(t, queue, change(reading, kqueue.FilterRead, kqueue.EvAdd))
		for range 2 {
			if event := one(t, queue, reading, kqueue.FilterRead); event.Flags&kqueue.EvEOF == 0 || event.Data != 0 {
				t.Errorf("event is %v, want EvEOF and nothing to read", event)
			}
		}
	})
}

func TestListenerReportsPendingConnections(t *testing.T) {
	if strings.Contains(os.Getenv(emulator), "qemu") {
		t.Skip("qemu-user truncates TCP_INFO")
	}
	listener, address := suite.Listen(t)
	queue := newQueue(t)
	apply(t, queue, change(listener, kqueue.FilterRead, kqueue.EvAdd), change(listener, kqueue.FilterWrite, kqueue.EvAdd))
	none(t, queue)
	for n := 1; n <= 3; n++ {
		suite.Connect(t, address)
		arrives(t, queue, listener, n)
	}
}

func TestRefusedConnectionReportsTheError(t *testing.T) {
	listener, address := suite.Listen(t)
	suite.Close(t, listener)
	if runtime.GOOS == "dragonfly" { // closing is a message to the protocol's thread
		time.Sleep(quiet)
	}
	queue := newQueue(t)
	fd := suite.Socket(t, unix.SOCK_STREAM)
	if err := unix.Connect(fd, address); err != nil && err != unix.EINPROGRESS && err != unix.ECONNREFUSED {
		t.Fatal(err)
	} else if err == unix.ECONNREFUSED {
		t.Skip("this system refuses the connection at once, and reports nothing")
	}
	apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear),
		change(fd, kqueue.FilterWrite, kqueue.EvAdd|kqueue.EvClear))
	seen := make(map[kqueue.Filter]bool)
	for len(seen) < 2 {
		events := wait(t, queue, 4, soon)
		if len(events) == 0 {
			t.Fatalf("only %v were reported", seen)
		}
		for _, event := range events {
			if event.Flags&kqueue.EvEOF == 0 || event.Fflags != kqueue.Fflags(unix.ECONNREFUSED) {
				t.Errorf("event is %v, want EvEOF and %d", event, unix.ECONNREFUSED)
			}
			seen[event.Filter] = true
		}
	}
}

// TestLowWaterMarkForReading uses sockets. The emulation supports pipes as well.
func TestLowWaterMarkForReading(t *testing.T) {
	kept := pairs
	if kqueue.Native {
		kept = func(t *testing.T, run func(t *testing.T, reading, writing int)) {
			socketPair(t, run)
			tcpPair(t, run)
		}
	}
	kept(t, func(t *testing.T, reading, writing int) {
		queue := newQueue(t)
		apply(t, queue, noted(reading, kqueue.FilterRead, kqueue.EvAdd, kqueue.NoteLowat, 100))
		write(t, writing, 99)
		none(t, queue)
		write(t, writing, 1)
		arrives(t, queue, reading, 100)
		read(t, reading, 1)
		none(t, queue)
		suite.Close(t, writing)
		if event := one(t, queue, reading, kqueue.FilterRead); event.Flags&kqueue.EvEOF == 0 || event.Data != 99 {
			t.Errorf("event is %v, want EvEOF and what is left", event)
		}
	})
}

// With a descriptor limit of 0, poll(2) cannot confirm that there is an empty datagram.
func TestEmptyDatagramIsReady(t *testing.T) {
	for _, flags := range []kqueue.Flags{0, kqueue.EvClear, kqueue.EvOneShot, kqueue.EvDispatch} {
		for _, limited := range []bool{false, true} {
			a, b := suite.SocketPair(t, unix.SOCK_DGRAM)
			queue := newQueue(t)
			apply(t, queue, change(a, kqueue.FilterRead, kqueue.EvAdd|flags))
			leave := func() {}
			if limited {
				leave = suite.Limit(t, 0)
			}
			must(t, unix.Sendto(b, nil, 0, nil))
			one(t, queue, a, kqueue.FilterRead)
			leave()
		}
	}
}
