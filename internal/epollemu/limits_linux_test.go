package epollemu_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/epollemu"
	"iomux/internal/test/suite"
)

// exhaust uses up the descriptors until the test ends, or until the returned function is called.
func exhaust(t *testing.T) (release func()) {
	t.Helper()
	suite.Limit(t, suite.ClosedFD(t)+10)
	var all []int
	release = func() {
		for _, fd := range all {
			_ = unix.Close(fd)
		}
		all = nil
	}
	t.Cleanup(release)
	for {
		fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == unix.EMFILE {
			return release
		}
		must(t, err)
		all = append(all, fd)
	}
}

// isNotPending checks that poll(2) finds no pending event in the epoll.
func isNotPending(t *testing.T, e *epollemu.Epoll) {
	t.Helper()
	list := []unix.PollFd{{Fd: int32(e.FD()), Events: unix.POLLIN}}
	if n, err := unix.Poll(list, 0); n != 0 || err != nil {
		t.Errorf("poll(2) of the epoll: %d, %v, want 0", n, err)
	}
}

// In the emulation of kqueue, the second filter of a descriptor needs another descriptor.
func TestFailedModifyLeavesTheRegistration(t *testing.T) {
	for _, mode := range []uint32{0, epollemu.ET, epollemu.OneShot} {
		e := newEpoll(t)
		a, b := suite.SocketPair(t, unix.SOCK_STREAM)
		must(t, e.Add(a, epollemu.In|mode, 1))
		release := exhaust(t)
		isError(t, e.Modify(a, epollemu.In|epollemu.Out, 2), unix.EMFILE)
		isError(t, e.Modify(a, epollemu.In|epollemu.Out, 2), unix.EMFILE)
		suite.Write(t, b)
		expect(t, e, a, epollemu.In, 1)
		isError(t, e.Modify(a, epollemu.In|epollemu.Out, 2), unix.EMFILE)
		if mode == epollemu.OneShot {
			isNotPending(t, e)
			expectNothing(t, e)
		}
		release()
		must(t, e.Modify(a, epollemu.In|epollemu.Out, 3))
		expect(t, e, a, epollemu.In|epollemu.Out, 3)
		must(t, e.Remove(a))
	}
}

func TestFailedAddLeavesNothing(t *testing.T) {
	e := newEpoll(t)
	a, b := suite.SocketPair(t, unix.SOCK_STREAM)
	suite.Write(t, b)
	release := exhaust(t)
	isError(t, e.Add(a, epollemu.In|epollemu.Out, 1), unix.EMFILE)
	isNotPending(t, e)
	expectNothing(t, e)
	isError(t, e.Modify(a, epollemu.In, 1), unix.ENOENT)
	release()
	must(t, e.Add(a, epollemu.In|epollemu.Out, 2))
	expect(t, e, a, epollemu.In|epollemu.Out, 2)
}

// A sandbox may forbid new descriptors, and poll(2) then refuses every list.
func TestEndsAreReportedWithoutPoll(t *testing.T) {
	for _, mode := range []uint32{0, epollemu.ET, epollemu.OneShot} {
		t.Run(names(mode), func(t *testing.T) { endWithoutPoll(t, mode) })
	}
}

func endWithoutPoll(t *testing.T, mode uint32) {
	e := newEpoll(t)
	r, w := suite.Pipe(t)
	a, b := suite.SocketPair(t, unix.SOCK_STREAM)
	must(t, e.Add(r, epollemu.In|epollemu.RdHup|mode, 1))
	must(t, e.Add(a, epollemu.In|epollemu.RdHup|mode, 2))
	suite.Limit(t, 0)
	suite.Close(t, w)
	expect(t, e, r, epollemu.Hup, 1)
	must(t, e.Remove(r))
	suite.Close(t, b)
	room := make([]epollemu.Event, 4)
	n, err := e.Take(room, -1)
	if n != 1 || err != nil || room[0].Events&^epollemu.Hup != epollemu.In|epollemu.RdHup {
		t.Errorf("Take: %+v, %v, want In and RdHup", room[:n], err)
	}
	if mode != 0 {
		expectNothing(t, e)
	}
}
