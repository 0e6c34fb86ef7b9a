//go:build linux

package epoll_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/epoll"
	"iomux/internal/test/suite"
)

func TestLayoutOfEvent(t *testing.T) {
	var ours epoll.Event
	var kernels unix.EpollEvent
	if unsafe.Sizeof(ours) != unsafe.Sizeof(kernels) || unsafe.Offsetof(ours.FD) != unsafe.Offsetof(kernels.Fd) {
		t.Errorf("size %d, data at %d; the kernel's are %d and %d", unsafe.Sizeof(ours), unsafe.Offsetof(ours.FD),
			unsafe.Sizeof(kernels), unsafe.Offsetof(kernels.Fd))
	}
	if unsafe.Offsetof(ours.Tag) != unsafe.Offsetof(ours.FD)+4 {
		t.Errorf("the tag is at %d, the data at %d", unsafe.Offsetof(ours.Tag), unsafe.Offsetof(ours.FD))
	}
}

func TestTags(t *testing.T) {
	poller := newPoller(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	must(t, poller.RegisterTag(r, epoll.In, 0xfedcba98))
	if event := one(t, poller); event.Tag != 0xfedcba98 || event.FD != int32(r) {
		t.Errorf("event is %v", event)
	}
	if err := poller.RegisterTag(r, epoll.In, 7); !errors.Is(err, unix.EEXIST) {
		t.Error(err)
	}
	if event := one(t, poller); event.Tag != 0xfedcba98 {
		t.Errorf("a refused RegisterTag changed the tag to %#x", event.Tag)
	}
	must(t, poller.ModifyTag(r, epoll.In, 5))
	if event := one(t, poller); event.Tag != 5 {
		t.Errorf("tag is %d, want 5", event.Tag)
	}
	must(t, poller.Modify(r, epoll.In))
	if event := one(t, poller); event.Tag != 0 {
		t.Errorf("tag is %d, want 0", event.Tag)
	}
}

// Poll must not write beyond the caller's slice with any layout of struct epoll_event.
func TestEventsStayInTheirList(t *testing.T) {
	poller := newPoller(t)
	for range 4 {
		r, w := suite.Pipe(t)
		suite.Write(t, w)
		must(t, poller.RegisterTag(r, epoll.In, 0xffffffff))
	}
	events := make([]epoll.Event, 8)
	n, err := poller.Poll(events[2:5], 0)
	if n != 3 || err != nil {
		t.Fatalf("%d events, %v, want 3", n, err)
	}
	for i, event := range events {
		if inside := i >= 2 && i < 5; inside != (event.Tag == 0xffffffff) || inside != (event.FD != 0) {
			t.Errorf("event %d is %v", i, event)
		}
	}
}

func TestOneShotStaysRegistered(t *testing.T) {
	poller := newPoller(t)
	r, w := suite.Pipe(t)
	must(t, poller.Register(r, epoll.In|epoll.OneShot))
	suite.Write(t, w)
	one(t, poller)
	if err := poller.Register(r, epoll.In); !errors.Is(err, unix.EEXIST) {
		t.Errorf("Register after the shot: %v, want EEXIST", err)
	}
	must(t, poller.Unregister(r))
}

func TestEachWriteToAnEventfdIsAnEdge(t *testing.T) {
	poller := newPoller(t)
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	must(t, err)
	suite.CloseAtEnd(t, fd)
	must(t, poller.Register(fd, epoll.In|epoll.ET))
	for range 3 { // the data is not read
		if _, err := unix.Write(fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
			t.Fatal(err)
		}
		one(t, poller)
		none(t, poller)
	}
}

// Closing a descriptor ends its registration. A new file with the number is not registered.
func TestReusedNumberIsNotRegistered(t *testing.T) {
	poller := newPoller(t)
	r, _ := suite.Pipe(t)
	other, w := suite.Pipe(t)
	must(t, poller.Register(r, epoll.In))
	must(t, unix.Dup3(other, r, unix.O_CLOEXEC)) // closes r and opens it again
	suite.Write(t, w)
	none(t, poller)
	if err := poller.Modify(r, epoll.In); !errors.Is(err, unix.ENOENT) {
		t.Errorf("Modify: %v, want ENOENT", err)
	}
	if err := poller.Unregister(r); !errors.Is(err, unix.ENOENT) {
		t.Errorf("Unregister: %v, want ENOENT", err)
	}
	must(t, poller.Register(r, epoll.In))
	one(t, poller)
}

func TestRegularFileOverARegisteredNumber(t *testing.T) {
	unlinked, err := os.CreateTemp(t.TempDir(), "")
	must(t, err)
	defer func() { must(t, unlinked.Close()) }()
	must(t, os.Remove(unlinked.Name()))
	fd, err := descriptor.Of(unlinked)
	must(t, err)
	for _, file := range []int{suite.File(t), fd} {
		poller := newPoller(t)
		r, _ := suite.Pipe(t)
		must(t, poller.Register(r, epoll.In))
		must(t, unix.Dup3(file, r, unix.O_CLOEXEC))
		none(t, poller)
	}
}

// The kernel drops modes that it does not support or the user may not use. The result must equal
// that of a bare call.
func TestModesReachTheKernel(t *testing.T) {
	registration := func(register func(poller *epoll.Poller, fd int)) string {
		poller := newPoller(t)
		r, _ := suite.Pipe(t)
		register(poller, r)
		text, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", poller.FD()))
		if err != nil {
			t.Skip("this system does not list registrations:", err)
		}
		_, text, found := bytes.Cut(text, fmt.Appendf(nil, "tfd: %8d events:", r))
		if !found {
			t.Fatalf("descriptor %d is not registered", r)
		}
		return string(bytes.Fields(text)[0])
	}
	for _, events := range []epoll.Events{
		epoll.In, epoll.RdNorm | epoll.WrBand | epoll.Msg, epoll.In | epoll.RdHup | epoll.ET | epoll.OneShot | epoll.WakeUp,
		epoll.Out | epoll.Exclusive | epoll.ET | epoll.WakeUp,
	} {
		ours := registration(func(poller *epoll.Poller, fd int) { must(t, poller.Register(fd, events)) })
		bare := registration(func(poller *epoll.Poller, fd int) {
			must(t, unix.EpollCtl(poller.FD(), unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: uint32(events), Fd: int32(fd)}))
		})
		if ours != bare {
			t.Errorf("%v is registered as %s, want %s", events, ours, bare)
		}
	}
}

// This is the kernel's behaviour, so programs should unregister before they close.
func TestClosedDescriptorWithADuplicateIsStillReported(t *testing.T) {
	poller := newPoller(t)
	r, w := suite.Pipe(t)
	suite.High(t, r, 300)
	must(t, poller.Register(r, epoll.In))
	suite.Close(t, r)
	suite.Write(t, w)
	if event := one(t, poller); event.FD != int32(r) {
		t.Errorf("event is %v, want one of the closed %d", event, r)
	}
	if err := poller.Unregister(r); !errors.Is(err, unix.EBADF) {
		t.Errorf("Unregister: %v, want EBADF", err)
	}
}

func TestExclusiveDoesNotWakeAll(t *testing.T) {
	const pollers = 8
	r, w := suite.Pipe(t)
	woken := make(chan int, pollers)
	var all []*epoll.Poller
	for range pollers {
		poller := newPoller(t)
		must(t, poller.Register(r, epoll.In|epoll.Exclusive))
		all = append(all, poller)
		go func() {
			n, _ := poller.Poll(make([]epoll.Event, 1), -1)
			woken <- n
		}()
	}
	waitUntilWaiting(t, pollers)
	suite.Write(t, w)
	count := <-woken
	time.Sleep(20 * time.Millisecond)
	for range len(woken) {
		count += <-woken
	}
	if count == 0 || count == pollers {
		t.Errorf("%d of %d were woken", count, pollers)
	}
	left := pollers - count
	for _, poller := range all {
		must(t, poller.Close())
	}
	for range left {
		<-woken
	}
}

// waitUntilWaiting gives n goroutines time to begin their wait, which cannot be observed.
func waitUntilWaiting(t testing.TB, n int) {
	t.Helper()
	time.Sleep(time.Duration(20+5*n) * time.Millisecond)
}

func TestLoopsAndDepth(t *testing.T) {
	a, b := newPoller(t), newPoller(t)
	must(t, a.Register(b.FD(), epoll.In))
	if err := b.Register(a.FD(), epoll.In); !errors.Is(err, unix.ELOOP) {
		t.Errorf("a circle of two: %v, want ELOOP", err)
	}
	chain := []*epoll.Poller{newPoller(t)}
	for {
		next := newPoller(t)
		err := next.Register(chain[len(chain)-1].FD(), epoll.In)
		if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EINVAL) {
			break
		}
		must(t, err)
		if chain = append(chain, next); len(chain) > 10 {
			t.Fatal("ten nested epolls were accepted")
		}
	}
	if len(chain) < 4 {
		t.Errorf("only %d epolls inside each other", len(chain))
	}
}

// readable reports whether poll(2) finds an epoll readable.
func readable(t testing.TB, poller *epoll.Poller) bool {
	t.Helper()
	fds := []unix.PollFd{{Fd: int32(poller.FD()), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	must(t, err)
	return n == 1 && fds[0].Revents == unix.POLLIN
}

func TestPollerIsReadableWhileAnEventIsPending(t *testing.T) {
	for _, mode := range []epoll.Events{0, epoll.ET} {
		poller := newPoller(t)
		r, w := suite.Pipe(t)
		must(t, poller.Register(r, epoll.In|mode))
		if readable(t, poller) {
			t.Errorf("%v: readable without an event", mode)
		}
		suite.Write(t, w)
		if !readable(t, poller) {
			t.Errorf("%v: not readable with a pending event", mode)
		}
		one(t, poller)
		if level := mode == 0; readable(t, poller) != level {
			t.Errorf("%v: readable after the event was taken: %v", mode, !level)
		}
	}
}

func TestNested(t *testing.T) {
	for _, mode := range []epoll.Events{0, epoll.ET} {
		inner, outer := newPoller(t), newPoller(t)
		r, w := suite.Pipe(t)
		must(t, inner.Register(r, epoll.In))
		must(t, outer.Register(inner.FD(), epoll.In|mode))
		none(t, outer)
		suite.Write(t, w)
		if event := one(t, outer); event.FD != int32(inner.FD()) {
			t.Errorf("event is %v, want one of the inner poller", event)
		}
		if mode == epoll.ET {
			none(t, outer)
		} else {
			one(t, outer)
		}
		one(t, inner)
		suite.Drain(t, r)
		none(t, inner)
		none(t, outer)
	}
}

func TestNestedWakesBothWaiters(t *testing.T) {
	inner, outer := newPoller(t), newPoller(t)
	r, w := suite.Pipe(t)
	must(t, inner.Register(r, epoll.In))
	must(t, outer.Register(inner.FD(), epoll.In))
	woken := make(chan error, 2)
	for _, poller := range []*epoll.Poller{inner, outer} {
		go func() {
			n, err := poller.Poll(make([]epoll.Event, 1), soon)
			if err == nil && n != 1 {
				err = errors.New("timed out")
			}
			woken <- err
		}()
	}
	waitUntilWaiting(t, 2)
	suite.Write(t, w)
	must(t, <-woken)
	must(t, <-woken)
}

func TestMoreRoomThanTheKernelAccepts(t *testing.T) {
	if testing.Short() || unsafe.Sizeof(uintptr(0)) < 8 {
		t.Skip("it needs a slice of 2 GiB")
	}
	// The slice is virtual memory that is never written.
	size := uintptr(1<<31) + 1<<20
	memory, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		t.Skip("this machine lacks memory for it:", err)
	}
	defer func() { must(t, unix.Munmap(memory)) }()
	events := unsafe.Slice((*epoll.Event)(unsafe.Pointer(&memory[0])), size/unsafe.Sizeof(epoll.Event{}))
	poller := newPoller(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	must(t, poller.Register(r, epoll.In))
	if n, err := poller.Poll(events, 0); n != 1 || err != nil {
		t.Errorf("Poll: %d, %v", n, err)
	}
}

func TestOtherGoroutinesRunDuringALoop(t *testing.T) {
	poller := newPoller(t)
	r, _ := suite.Pipe(t)
	must(t, poller.Register(r, epoll.In))
	events := make([]epoll.Event, 1)
	suite.OthersRun(t, func() { _, _ = poller.Poll(events, 0) })
}

func TestPollDoesNotAllocate(t *testing.T) {
	poller := newPoller(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	must(t, poller.Register(r, epoll.In))
	events := make([]epoll.Event, 8)
	for _, timeout := range []time.Duration{0, -1, time.Second} {
		if n := testing.AllocsPerRun(100, func() { _, _ = poller.Poll(events, timeout) }); n != 0 {
			t.Errorf("a Poll of %v allocates %v times", timeout, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		_ = poller.Modify(r, epoll.In)
		_ = poller.Unregister(r)
		_ = poller.RegisterTag(r, epoll.In, 1)
	}); n != 0 {
		t.Errorf("Modify, Unregister and RegisterTag allocate %v times", n)
	}
}
