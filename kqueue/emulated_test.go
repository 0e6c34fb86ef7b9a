//go:build linux

package kqueue_test

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/kqueueemu"
	"iomux/internal/sys"
	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// duplicate returns a second descriptor of the file.
func duplicate(t *testing.T, fd int) int {
	t.Helper()
	// Nothing else gets this number.
	twin := suite.Duplicate(t, fd, 500)
	suite.CloseAtEnd(t, twin)
	return twin
}

// TestClosedDescriptorWhoseNumberIsUsedAgain closes a descriptor while a duplicate stays open,
// which an epoll keeps reporting. The queue must not report it, must not spin, and must not report
// the next file with the number.
func TestClosedDescriptorWhoseNumberIsUsedAgain(t *testing.T) {
	for name, flags := range map[string]kqueue.Flags{
		"Level": 0, "Clear": kqueue.EvClear, "OneShot": kqueue.EvOneShot, "Dispatch": kqueue.EvDispatch,
	} {
		t.Run(name, func(t *testing.T) {
			queue := newQueue(t)
			a, b := suite.SocketPair(t, unix.SOCK_STREAM)
			twin := duplicate(t, a)
			apply(t, queue, change(a, kqueue.FilterRead, kqueue.EvAdd|flags))
			suite.Close(t, a)
			other, peer := suite.SocketPair(t, unix.SOCK_STREAM)
			if other != a && peer != a {
				t.Skip("the number was not reused")
			}
			owner, writer := other, peer
			if peer == a {
				owner, writer = peer, other
			}
			suite.Write(t, writer)
			suite.Write(t, b)
			none(t, queue)
			suite.Write(t, b)
			used := suite.ProcessorTime(t, func() {
				if events := wait(t, queue, 8, 10*quiet); len(events) != 0 {
					t.Fatalf("events are %v, want none", events)
				}
			})
			if used > 5*quiet {
				t.Errorf("a wait of %v used the processor for %v", 10*quiet, used)
			}

			apply(t, queue, change(owner, kqueue.FilterRead, kqueue.EvAdd|flags))
			suite.Write(t, b)
			if event := one(t, queue, owner, kqueue.FilterRead); event.Data != 1 {
				t.Errorf("event is %v, want the byte of the new socket", event)
			}
			suite.Close(t, twin)
		})
	}
}

func TestClosedDescriptorWithALivingDuplicate(t *testing.T) {
	for _, flags := range []kqueue.Flags{0, kqueue.EvClear, kqueue.EvOneShot, kqueue.EvDispatch} {
		queue := newQueue(t)
		a, b := suite.SocketPair(t, unix.SOCK_STREAM)
		duplicate(t, a)
		apply(t, queue, change(a, kqueue.FilterRead, kqueue.EvAdd|flags))
		suite.Close(t, a)
		suite.Write(t, b)
		none(t, queue)
		fails(t, queue, change(a, kqueue.FilterRead, kqueue.EvDelete), unix.EBADF)
	}
}

// TestChangesOfAClosedDescriptor changes a closed number, and one that now belongs to another file.
func TestChangesOfAClosedDescriptor(t *testing.T) {
	queue := newQueue(t)
	path, file := newFile(t, 1)
	r, _ := suite.Pipe(t)
	for _, filter := range []kqueue.Filter{kqueue.FilterRead, kqueue.FilterVnode} {
		for _, flags := range []kqueue.Flags{kqueue.EvDelete, kqueue.EvEnable, kqueue.EvDisable} {
			source := open(t, path, unix.O_RDONLY)
			if filter == kqueue.FilterRead {
				source = r
			}
			for _, successor := range []int{-1, file} {
				fd := duplicate(t, source)
				apply(t, queue, change(fd, filter, kqueue.EvAdd|kqueue.EvDisable))
				suite.Close(t, fd)
				want := unix.EBADF
				if successor >= 0 {
					want = unix.ENOENT
					other := open(t, "/dev/null", unix.O_RDONLY)
					must(t, unix.Dup3(other, fd, unix.O_CLOEXEC))
					suite.CloseAtEnd(t, fd)
				}
				fails(t, queue, change(fd, filter, flags), want)
				if successor >= 0 {
					suite.Close(t, fd)
				}
			}
		}
	}
}

func TestSocketThatWasNeverConnectedIsSilent(t *testing.T) {
	_, address := suite.Listen(t)
	queue := newQueue(t)
	fd := suite.Socket(t, unix.SOCK_STREAM)
	apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvAdd), change(fd, kqueue.FilterWrite, kqueue.EvAdd))
	none(t, queue)
	if err := unix.Connect(fd, address); err != nil && err != unix.EINPROGRESS {
		t.Fatal(err)
	}
	if event := one(t, queue, fd, kqueue.FilterWrite); event.Flags&kqueue.EvEOF != 0 || event.Data <= 0 {
		t.Errorf("event is %v, want room", event)
	}
}

// refusedSocket returns a socket whose connection attempt fails with ECONNREFUSED.
func refusedSocket(t *testing.T) int {
	t.Helper()
	listener, address := suite.Listen(t)
	suite.Close(t, listener)
	fd := suite.Socket(t, unix.SOCK_STREAM)
	if err := unix.Connect(fd, address); err != unix.EINPROGRESS {
		t.Fatal(err)
	}
	return fd
}

// TestErrorIsKept expects a socket's error in the events of both filters and in later ones,
// although the socket reports it once.
func TestErrorIsKept(t *testing.T) {
	queue, fd := newQueue(t), refusedSocket(t)
	apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvAdd), change(fd, kqueue.FilterWrite, kqueue.EvAdd))
	for range 3 {
		events := wait(t, queue, 4, soon)
		for _, event := range events {
			if event.Fflags != kqueue.Fflags(unix.ECONNREFUSED) || event.Flags&kqueue.EvEOF == 0 {
				t.Errorf("event is %v, want EvEOF and ECONNREFUSED", event)
			}
		}
	}
}

// TestErrorIsLeft uses the note that leaves the error in the socket.
func TestErrorIsLeft(t *testing.T) {
	queue, fd := newQueue(t), refusedSocket(t)
	apply(t, queue, noted(fd, kqueue.FilterRead, kqueue.EvAdd, kqueueemu.LeaveError, 0))
	for range 2 {
		if event := one(t, queue, fd, kqueue.FilterRead); event.Fflags != kqueueemu.LeaveError || event.Flags&kqueue.EvEOF == 0 {
			t.Errorf("event is %v, want EvEOF and LeaveError", event)
		}
	}
	if value, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || unix.Errno(value) != unix.ECONNREFUSED {
		t.Errorf("the socket reports %d, %v, want ECONNREFUSED", value, err)
	}
}

func TestUnsupportedLowWaterMarksAndSignalsAreRefused(t *testing.T) {
	queue := newQueue(t)
	a, _ := suite.SocketPair(t, unix.SOCK_STREAM)
	_, w := suite.Pipe(t)
	size, err := unix.GetsockoptInt(a, unix.SOL_SOCKET, unix.SO_SNDBUF)
	must(t, err)
	apply(t, queue, noted(a, kqueue.FilterWrite, kqueue.EvAdd, kqueue.NoteLowat, int64(size/3)),
		noted(w, kqueue.FilterWrite, kqueue.EvAdd, kqueue.NoteLowat, 4096))
	for _, refused := range []kqueue.Event{
		noted(a, kqueue.FilterWrite, kqueue.EvAdd, kqueue.NoteLowat, int64(size/3+1)),
		noted(w, kqueue.FilterWrite, kqueue.EvAdd, kqueue.NoteLowat, 4097),
		change(32, kqueue.FilterSignal, kqueue.EvAdd),
		change(34, kqueue.FilterSignal, kqueue.EvAdd),
	} {
		fails(t, queue, refused, unix.EOPNOTSUPP)
		if _, err := queue.Control([]kqueue.Event{refused}, nil, 0); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v: %v, want errors.ErrUnsupported", refused, err)
		}
	}
	for _, name := range []string{"FilterAIO", "FilterEmpty", "FilterProcDesc"} {
		for _, filter := range allFilters {
			if filter.String() == name {
				_, err := queue.Control([]kqueue.Event{change(a, filter, kqueue.EvAdd)}, nil, 0)
				if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), name) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
	_, err = queue.Control([]kqueue.Event{noted(a, kqueue.FilterRead, kqueue.EvAdd, kqueue.NoteOOB, 0)}, nil, 0)
	if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "FilterRead with a note") {
		t.Errorf("NoteOOB: %v", err)
	}
}

func TestErrnosOfBadChanges(t *testing.T) {
	queue := newQueue(t)
	r, _ := suite.Pipe(t)
	for _, bad := range []struct {
		change kqueue.Event
		errno  syscall.Errno
	}{
		{timer(1, 0, 0, -1), unix.EINVAL},
		{timer(1, kqueue.EvOneShot, kqueue.NoteAbsTime, math.MinInt64), unix.EINVAL},
		{timer(1, 0, kqueue.NoteSeconds|kqueue.NoteNSeconds, 1), unix.EINVAL},
		{timer(1, 0, 0x1000, 1), unix.EINVAL},
		{change(0, kqueue.FilterSignal, kqueue.EvAdd), unix.EINVAL},
		{change(65, kqueue.FilterSignal, kqueue.EvAdd), unix.EINVAL},
		{change(1, kqueue.FilterUser, kqueue.EvAdd|kqueue.EvEnable|kqueue.EvDisable), unix.EINVAL},
		{noted(r, kqueue.FilterVnode, kqueue.EvAdd, kqueue.NoteWrite, 0), unix.EINVAL},
		{change(queue.FD(), kqueue.FilterRead, kqueue.EvAdd), unix.EINVAL},
	} {
		fails(t, queue, bad.change, bad.errno)
	}
	// A failed change leaves the registration unchanged.
	apply(t, queue, timer(1, kqueue.EvOneShot, 0, 1))
	bad := timer(1, 0, 0, -1)
	bad.Udata = 0
	fails(t, queue, bad, unix.EINVAL)
	if event := one(t, queue, 1, kqueue.FilterTimer); event.Flags&kqueue.EvOneShot == 0 {
		t.Errorf("event is %v, want the earlier timer", event)
	}
}

func TestLoopsAndDepth(t *testing.T) {
	a, b := newQueue(t), newQueue(t)
	apply(t, a, change(b.FD(), kqueue.FilterRead, kqueue.EvAdd))
	fails(t, b, change(a.FD(), kqueue.FilterRead, kqueue.EvAdd), unix.ELOOP)
	for range 10 {
		next := newQueue(t)
		if _, err := next.Control([]kqueue.Event{change(a.FD(), kqueue.FilterRead, kqueue.EvAdd)}, nil, 0); err != nil {
			if !errors.Is(err, unix.ELOOP) && !errors.Is(err, unix.EINVAL) {
				t.Errorf("too deep is %v", err)
			}
			return
		}
		a = next
	}
	t.Error("twelve nested queues were accepted, contrary to the package comment")
}

func TestFromFDOfAnEpoll(t *testing.T) {
	needsFromFD(t)
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(t, err)
	suite.CloseAtEnd(t, fd)
	if _, err := kqueue.FromFD(fd); !errors.Is(err, unix.EBADF) {
		t.Errorf("FromFD of an epoll that is no queue: %v", err)
	}
}

// TestTimerChangesItsClock moves a timer between the clocks.
func TestTimerChangesItsClock(t *testing.T) {
	queue := newQueue(t)
	for range 3 {
		apply(t, queue, timer(1, 0, kqueue.NoteAbsTime, time.Now().Add(time.Hour).UnixMilli()))
		none(t, queue)
		apply(t, queue, timer(1, 0, 0, 5))
		one(t, queue, 1, kqueue.FilterTimer)
	}
}

// TestCostOfRegistrations counts goroutines and descriptors. Only timers and processes need one.
func TestCostOfRegistrations(t *testing.T) {
	queue := newQueue(t)
	path, _ := newFile(t, 0)
	var fds []int
	for range 200 {
		r, _ := suite.Pipe(t)
		fds = append(fds, r, open(t, path, unix.O_RDONLY))
	}
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors()
	for i, fd := range fds {
		apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvAdd), change(i, kqueue.FilterUser, kqueue.EvAdd))
	}
	if now := openDescriptors(); now > descriptors+1 { // inotify
		t.Errorf("%d registrations opened %d descriptors", len(fds), now-descriptors)
	}
	descriptors = openDescriptors()
	for i := range 50 {
		apply(t, queue, timer(i, 0, 0, 1<<30))
	}
	if now := openDescriptors(); now != descriptors+50 {
		t.Errorf("50 timers opened %d descriptors", now-descriptors)
	}
	if now := runtime.NumGoroutine(); now != goroutines {
		t.Errorf("the registrations started %d goroutines", now-goroutines)
	}
	must(t, queue.Close())
	if now := openDescriptors(); now > descriptors {
		t.Errorf("%d descriptors were left open", now-descriptors)
	}
}

func openDescriptors() int {
	n := 0
	for fd := range 3000 {
		if sys.IsOpen(fd) {
			n++
		}
	}
	return n
}

// TestNoDescriptorLeft opens queues and timers at the descriptor limit.
func TestNoDescriptorLeft(t *testing.T) {
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	before := limit
	queue := newQueue(t)
	first := duplicate(t, queue.FD())
	suite.Close(t, first)
	lowest := open(t, "/dev/null", unix.O_RDONLY)
	for extra := range 3 { // room for none, one and two descriptors
		limit.Cur = before.Cur
		for fd := lowest + 1; ; fd++ {
			if !sys.IsOpen(fd) {
				limit.Cur = uint64(fd + extra)
				break
			}
		}
		must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
		another, err := kqueue.New()
		_, timerErr := queue.Control([]kqueue.Event{timer(1, 0, 0, 1<<30), timer(2, 0, 0, 1<<30), timer(3, 0, 0, 1<<30)}, nil, 0)
		must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before))
		if err == nil {
			must(t, another.Close())
		} else if !errors.Is(err, unix.EMFILE) {
			t.Errorf("New: %v", err)
		}
		if timerErr != nil && !errors.Is(timerErr, unix.EMFILE) {
			t.Errorf("timers: %v", timerErr)
		}
		if extra == 0 && (err == nil || timerErr == nil) {
			t.Errorf("with no descriptor left: %v, %v", err, timerErr)
		}
	}
}

// TestExitOfAChildOfAnotherProcess watches a process that is not a child.
func TestExitOfAChildOfAnotherProcess(t *testing.T) {
	for _, status := range []int{0, 9} {
		between := startChild(t, parentOf+status)
		pid := between.ownChild(t)
		queue := newQueue(t)
		apply(t, queue, watchExit(pid))
		none(t, queue)
		between.exit(t)
		got := exited(t, queue, pid)
		between.wait()
		if int32(got) == -1 && !keepsStatus(t) {
			t.Skip("this kernel reports the status only to the parent, which was first")
		}
		if !got.Exited() || got.ExitStatus() != status {
			t.Errorf("status is %#x, want exit with %d", got, status)
		}
	}
}

// keepsStatus reports whether every process can read the exit status of another (Linux 6.15).
func keepsStatus(t *testing.T) bool {
	t.Helper()
	c := startChild(t, 0)
	fd, err := unix.PidfdOpen(int(c.pid()), 0)
	must(t, err)
	defer func() { must(t, unix.Close(fd)) }()
	c.exit(t)
	c.wait()
	info := unix.PidfdInfo{Mask: unix.PIDFD_INFO_EXIT}
	return unix.IoctlPidfdInfo(fd, &info) == nil && info.Mask&unix.PIDFD_INFO_EXIT != 0
}
