//go:build unix

package devpollemu_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/devpollemu"
	"iomux/internal/sys"
	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
)

func TestMain(m *testing.M) { leak.Main(m) }

const soon = 30 * time.Second // ends a test that would otherwise hang

func newSet(t *testing.T) *devpollemu.Set {
	t.Helper()
	set, err := devpollemu.New(devpollemu.Few)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// A program can close any number. A wait reports it instead of spinning until the timeout.
func TestSetWhoseDescriptorTheProgramClosedFails(t *testing.T) {
	set := newSet(t)
	if err := unix.Close(set.FD()); err != nil {
		t.Fatal("close:", err)
	}
	start := time.Now()
	n, err := set.Wait(make([]devpollemu.Event, 1), soon)
	if n != 0 || !errors.Is(err, unix.EBADF) || time.Since(start) >= soon {
		t.Errorf("Wait: %d, %v after %v, want EBADF at once", n, err, time.Since(start))
	}
	if err := set.Close(); !errors.Is(err, unix.EBADF) {
		t.Errorf("Close: %v, want EBADF", err)
	}
}

func TestOwnDescriptorsAreNotMembers(t *testing.T) {
	const highest = 1000
	before := make(map[int32]bool)
	for fd := range int32(highest) {
		before[fd] = sys.IsOpen(int(fd))
	}
	set := newSet(t)
	defer func() {
		if err := set.Close(); err != nil {
			t.Error("close:", err)
		}
	}()
	own := 0
	for fd := range int32(highest) {
		if before[fd] || !sys.IsOpen(int(fd)) {
			continue
		}
		own++
		if err := set.Register(fd, sys.PollIn); !errors.Is(err, unix.EBADF) || !strings.Contains(err.Error(), "the poller itself") {
			t.Errorf("Register of the set's own descriptor %d: %v, want EBADF that names the poller", fd, err)
		}
	}
	if own == 0 {
		t.Error("the set has no descriptors")
	}
}

// A wait that needs a descriptor of its own may take the number of a member that was closed.
func TestMemberWhoseNumberTheSetTakesIsNotOpen(t *testing.T) {
	set := newSet(t)
	defer func() {
		if err := set.Close(); err != nil {
			t.Error("close:", err)
		}
	}()
	members := make(map[int]bool)
	for range 4 { // more than the second wait takes
		r, _ := suite.Pipe(t)
		twin := suite.Duplicate(t, r, 0)
		members[twin] = true
		if err := set.Register(int32(twin), sys.PollIn); err != nil {
			t.Fatal("register:", err)
		}
	}
	first := make(chan error)
	go func() {
		_, err := set.Wait(make([]devpollemu.Event, 1), soon)
		first <- err
	}()
	time.Sleep(10 * time.Millisecond) // until it waits
	for fd := range members {
		suite.Close(t, fd)
	}
	events := make([]devpollemu.Event, len(members))
	for len(members) > 0 {
		n, err := set.Wait(events, soon)
		if n == 0 || err != nil {
			t.Fatalf("Wait: %d, %v, want the closed members", n, err)
		}
		for _, event := range events[:n] {
			if event.Events != sys.PollNval || !members[event.FD] {
				t.Fatalf("event %+v, want PollNval of a member", event)
			}
			delete(members, event.FD)
			if err := set.Unregister(int32(event.FD)); err != nil {
				t.Fatal("unregister:", err)
			}
		}
	}
	r, w := suite.Pipe(t)
	if err := set.Register(int32(r), sys.PollIn); err != nil {
		t.Fatal("register:", err)
	}
	suite.Write(t, w)
	if err := <-first; err != nil {
		t.Error("the first wait:", err)
	}
}

// The first wait and the epoll take the numbers of two closed members. With room for one event, the
// open member is reported as well as each closed one.
func TestClosedMembersLeaveTurnsToOthers(t *testing.T) {
	set, err := devpollemu.New(3)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := set.Close(); err != nil {
			t.Error("close:", err)
		}
	}()
	ready, w := suite.Pipe(t)
	idle, _ := suite.Pipe(t)
	another, _ := suite.Pipe(t)
	closed := [2]int{suite.Duplicate(t, idle, 0), suite.Duplicate(t, idle, 0)}
	for _, fd := range closed {
		register(t, set, fd)
	}
	first := make(chan error)
	go func() {
		_, err := set.Wait(make([]devpollemu.Event, 1), soon)
		first <- err
	}()
	time.Sleep(10 * time.Millisecond) // until it waits
	suite.Close(t, closed[0])
	suite.Close(t, closed[1])
	events := make([]devpollemu.Event, 1)
	if n, err := set.Wait(events, soon); n != 1 || err != nil {
		t.Fatalf("Wait: %d, %v, want a closed member", n, err)
	}
	register(t, set, idle)
	register(t, set, another) // in the epoll, if the system has one
	suite.Write(t, w)
	register(t, set, ready)
	reported := make(map[int]bool)
	for range 12 {
		if n, err := set.Wait(events, soon); n != 1 || err != nil {
			t.Fatalf("Wait: %d, %v, want 1", n, err)
		}
		reported[events[0].FD] = true
	}
	for _, fd := range []int{ready, closed[0], closed[1]} {
		if !reported[fd] {
			t.Errorf("descriptor %d was never reported", fd)
		}
	}
	if err := <-first; err != nil {
		t.Error("the first wait:", err)
	}
}

func register(t *testing.T, set *devpollemu.Set, fd int) {
	t.Helper()
	if err := set.Register(int32(fd), sys.PollIn); err != nil {
		t.Fatal("register:", err)
	}
}
