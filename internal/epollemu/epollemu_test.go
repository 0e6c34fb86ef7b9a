//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu_test

import (
	"errors"
	"math"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/epollemu"
	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

func newEpoll(t testing.TB) *epollemu.Epoll {
	t.Helper()
	e, err := epollemu.New()
	must(t, err)
	t.Cleanup(func() { _ = e.Close() }) // the test may have closed it
	return e
}

// expect takes exactly one event.
func expect(t testing.TB, e *epollemu.Epoll, fd int, events uint32, data uint64) {
	t.Helper()
	room := make([]epollemu.Event, 8)
	n, err := e.Take(room, 30*time.Second)
	want := epollemu.Event{Events: events, FD: int32(fd), Data: data}
	if n != 1 || err != nil || room[0] != want {
		t.Fatalf("Take: %+v, %v, want %+v", room[:n], err, want)
	}
}

func expectNothing(t testing.TB, e *epollemu.Epoll) {
	t.Helper()
	room := make([]epollemu.Event, 8)
	if n, err := e.Take(room, 0); n != 0 || err != nil {
		t.Fatalf("Take: %+v, %v, want nothing", room[:n], err)
	}
}

func TestDataHas64Bits(t *testing.T) {
	e := newEpoll(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	must(t, e.Add(r, epollemu.In, math.MaxUint64))
	expect(t, e, r, epollemu.In, math.MaxUint64)
	isError(t, e.Add(r, epollemu.In, 1), unix.EEXIST)
	expect(t, e, r, epollemu.In, math.MaxUint64)
	must(t, e.Modify(r, epollemu.In, 1<<63|1))
	expect(t, e, r, epollemu.In, 1<<63|1)
}

// A one-shot registration for both directions is reported once.
func TestOneShotIsSilentInBothDirections(t *testing.T) {
	e := newEpoll(t)
	a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
	const both = epollemu.In | epollemu.Out | epollemu.RdHup
	must(t, e.Add(a, both|epollemu.OneShot, 1))
	expect(t, e, a, epollemu.Out, 1)
	suite.Write(t, b)
	suite.Await(t, a, suite.In)
	expectNothing(t, e)
	isError(t, e.Add(a, both, 2), unix.EEXIST)
	expectNothing(t, e)
	must(t, e.Modify(a, both|epollemu.OneShot, 3))
	expect(t, e, a, epollemu.In|epollemu.Out, 3)
	suite.Close(t, b)
	suite.Await(t, a, suite.In)
	expectNothing(t, e)
	must(t, e.Modify(a, both|epollemu.OneShot, 4))
	expect(t, e, a, both|epollemu.Hup, 4)
	must(t, e.Remove(a))
}

func TestLittleRoomReportsAllInTurn(t *testing.T) {
	const descriptors = 5
	e := newEpoll(t)
	for range descriptors {
		a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
		suite.Write(t, b)
		must(t, e.Add(a, epollemu.In|epollemu.Out, 0))
	}
	seen := make(map[int32]bool)
	room := make([]epollemu.Event, 1)
	for range 3 * descriptors {
		n, err := e.Take(room, 0)
		if n != 1 || err != nil || room[0].Events != epollemu.In|epollemu.Out {
			t.Fatalf("Take: %+v, %v", room[:n], err)
		}
		seen[room[0].FD] = true
	}
	if len(seen) != descriptors {
		t.Errorf("%d of %d descriptors were reported", len(seen), descriptors)
	}
}

func TestFromFDSharesTheRegistrations(t *testing.T) {
	for range 10 {
		newEpoll(t)
	}
	first := newEpoll(t)
	duplicate, err := unix.FcntlInt(uintptr(first.FD()), unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	second, err := epollemu.FromFD(duplicate)
	if errors.Is(err, errors.ErrUnsupported) {
		must(t, unix.Close(duplicate))
		t.Skip(err)
	}
	must(t, err)
	defer func() { must(t, second.Close()) }()
	r, w := suite.Pipe(t)
	must(t, first.Add(r, epollemu.In, 5))
	isError(t, second.Add(r, epollemu.In, 6), unix.EEXIST)
	isError(t, second.Add(first.FD(), epollemu.In, 6), unix.EINVAL)
	suite.Write(t, w)
	expect(t, second, r, epollemu.In, 5)
	must(t, first.Close())
	expect(t, second, r, epollemu.In, 5)
	must(t, second.Remove(r))
	expectNothing(t, second)
}

// A pipe gets the number of two closed Epolls.
func TestNumberOfTwoEpollsIsReused(t *testing.T) {
	first, e := newEpoll(t), newEpoll(t)
	r, w := suite.Pipe(t)
	number := first.FD()
	second, err := epollemu.FromFD(number)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	must(t, err)
	must(t, first.Close())
	_, err = second.Take(make([]epollemu.Event, 1), 0)
	isError(t, err, unix.EBADF)
	isError(t, second.Close(), unix.EBADF)
	next := suite.Duplicate(t, r, number)
	suite.CloseAtEnd(t, next)
	must(t, e.Add(next, epollemu.In|epollemu.Exclusive, 1)) // refused for an Epoll
	suite.Write(t, w)
	expect(t, e, next, epollemu.In, 1)
}

func TestFromFDRefusesOtherDescriptors(t *testing.T) {
	newEpoll(t)
	r, _ := suite.Pipe(t)
	if _, err := epollemu.FromFD(r); errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	for fd, want := range map[int]error{r: unix.EINVAL, -1: unix.EBADF, suite.ClosedFD(t): unix.EBADF} {
		if e, err := epollemu.FromFD(fd); e != nil || !errors.Is(err, want) {
			t.Errorf("FromFD(%d): %v, %v, want %v", fd, e, err, want)
		}
	}
	if !sys.IsOpen(r) {
		t.Error("FromFD closed a descriptor that it refused")
	}
}

func TestNestedEpolls(t *testing.T) {
	inner, outer := newEpoll(t), newEpoll(t)
	r, w := suite.Pipe(t)
	must(t, inner.Add(r, epollemu.In, 1))
	isError(t, outer.Add(inner.FD(), epollemu.In|epollemu.Exclusive, 2), unix.EINVAL)
	must(t, outer.Add(inner.FD(), epollemu.In, 2))
	isError(t, inner.Add(outer.FD(), epollemu.In, 3), unix.ELOOP)
	expectNothing(t, outer)
	suite.Write(t, w)
	expect(t, outer, inner.FD(), epollemu.In, 2)
	expect(t, inner, r, epollemu.In, 1)
	suite.Drain(t, r)
	expectNothing(t, outer)
	must(t, outer.Remove(inner.FD()))
	must(t, inner.Add(outer.FD(), epollemu.In, 3))
}

// NetBSD and DragonFly crash if kqueues are nested too deeply.
func TestNestingHasALimit(t *testing.T) {
	chain := []*epollemu.Epoll{newEpoll(t)}
	for len(chain) < 10 {
		next := newEpoll(t)
		if err := next.Add(chain[len(chain)-1].FD(), epollemu.In, 0); err != nil {
			isError(t, err, unix.ELOOP)
			break
		}
		chain = append(chain, next)
	}
	if len(chain) < 4 || len(chain) > 5 {
		t.Errorf("%d epolls are nested, want 4 or 5", len(chain))
	}
	// A closed epoll does not count as a level.
	last := chain[len(chain)-1]
	must(t, chain[0].Close())
	must(t, newEpoll(t).Add(last.FD(), epollemu.In, 0))
}

func TestUnopenedNumbers(t *testing.T) {
	e := newEpoll(t)
	for _, fd := range []int{-1, math.MinInt, math.MaxInt, suite.ClosedFD(t)} {
		isError(t, e.Add(fd, epollemu.In, 0), unix.EBADF)
		isError(t, e.Modify(fd, epollemu.In, 0), unix.EBADF)
		isError(t, e.Remove(fd), unix.EBADF)
	}
	isError(t, e.Add(e.FD(), epollemu.In, 0), unix.EINVAL)
	isError(t, e.Modify(e.FD(), epollemu.In, 0), unix.EINVAL)
	isError(t, e.Remove(e.FD()), unix.EINVAL)
	_, err := e.Take(nil, -1)
	isError(t, err, unix.EINVAL)
}

func TestCloseInterruptsTake(t *testing.T) {
	e := newEpoll(t)
	ended := make(chan error)
	go func() {
		_, err := e.Take(make([]epollemu.Event, 1), -1)
		ended <- err
	}()
	time.Sleep(10 * time.Millisecond)
	must(t, e.Close())
	isError(t, <-ended, os.ErrClosed)
	isError(t, e.Close(), os.ErrClosed)
	isError(t, e.Add(0, epollemu.In, 0), os.ErrClosed)
	isError(t, e.Modify(0, epollemu.In, 0), os.ErrClosed)
	isError(t, e.Remove(0), os.ErrClosed)
	if e.FD() != -1 {
		t.Errorf("the descriptor is %d after Close", e.FD())
	}
}

// Numbers are unregistered, closed and reused while other goroutines wait. An event must not
// combine the number of one registration with the data of another. A Take that begins after Remove
// must not report the removed registration.
func TestReusedNumbersWhileOthersWait(t *testing.T) {
	const makers, rounds, waiters = 3, 400, 3
	e := newEpoll(t)
	var clock atomic.Int64
	var numbers, retired [makers*rounds + 1]atomic.Int64
	var making, waiting sync.WaitGroup
	for maker := range makers {
		making.Go(func() {
			for round := range rounds {
				data := maker*rounds + round + 1
				var fds [2]int
				if err := unix.Pipe(fds[:]); err != nil {
					t.Error("pipe:", err)
					return
				}
				numbers[data].Store(int64(fds[0]))
				mode := []uint32{0, epollemu.ET, epollemu.OneShot}[round%3]
				if err := e.Add(fds[0], epollemu.In|mode, uint64(data)); err != nil {
					t.Errorf("add %d: %v", data, err)
				}
				_, _ = unix.Write(fds[1], []byte{'x'})
				if round%4 != 0 { // otherwise closing ends the registration
					if err := e.Remove(fds[0]); err != nil {
						t.Errorf("remove %d: %v", data, err)
					}
					retired[data].Store(clock.Add(1))
				}
				_, _ = unix.Close(fds[0]), unix.Close(fds[1])
			}
		})
	}
	for range waiters {
		waiting.Go(func() {
			room := make([]epollemu.Event, 3)
			for {
				began := clock.Load()
				n, err := e.Take(room, -1)
				if errors.Is(err, os.ErrClosed) {
					return
				}
				for _, event := range room[:n] {
					if when := retired[event.Data].Load(); when != 0 && when <= began {
						t.Errorf("%d was removed before the Take that reports it", event.Data)
					}
					if number := numbers[event.Data].Load(); number != int64(event.FD) {
						t.Errorf("%d belongs to descriptor %d, but is reported with %d", event.Data, number, event.FD)
					}
				}
			}
		})
	}
	making.Wait()
	must(t, e.Close())
	waiting.Wait()
}

func TestAddLeavesTheMode(t *testing.T) {
	e := newEpoll(t)
	for _, nonblocking := range []bool{true, false} {
		r, w := suite.Pipe(t)
		must(t, unix.SetNonblock(r, nonblocking))
		before, err := unix.FcntlInt(uintptr(r), unix.F_GETFL, 0)
		must(t, err)
		must(t, e.Add(r, epollemu.In, 1))
		suite.Write(t, w)
		expect(t, e, r, epollemu.In, 1)
		must(t, e.Remove(r))
		if after, err := unix.FcntlInt(uintptr(r), unix.F_GETFL, 0); after != before || err != nil {
			t.Errorf("the mode is %#x, %v, want %#x", after, err, before)
		}
	}
}
