//go:build linux

package devpoll_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/devpoll"
	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

func init() {
	variants["modelled"] = newModelled
	sameVariants = append(sameVariants, "modelled")
}

func FuzzOperationsOfTheModel(f *testing.F) { suite.Fuzz(f, mechanism("modelled")) }

// modelOf returns a Poller of a model.
func modelOf(t *testing.T) (*devpoll.Poller, *model) {
	t.Helper()
	m := newModel()
	poller, err := devpoll.Drive(m)
	must(t, err)
	t.Cleanup(func() { _ = poller.Close() }) // the test may have closed it
	return poller, m
}

// Changes are written together before the next Poll.
func TestChangesAreWrittenTogether(t *testing.T) {
	poller, m := modelOf(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	var fds []int
	for range 200 {
		fds = append(fds, suite.High(t, r, 300))
	}
	before := m.writes
	for _, fd := range fds {
		must(t, poller.Register(fd, devpoll.Out))
		must(t, poller.Modify(fd, devpoll.In))
	}
	for _, fd := range fds[:100] {
		must(t, poller.Unregister(fd))
	}
	if m.writes != before {
		t.Errorf("%d writes before the Poll", m.writes-before)
	}
	if ready := poll(t, poller, soon); len(ready) != 100 {
		t.Errorf("%d are ready, want 100", len(ready))
	}
	if n := m.writes - before; n > 2 { // the changes, and all descriptors again
		t.Errorf("%d writes", n)
	}
	if m.longest != 100 {
		t.Errorf("the longest write has %d entries, want 100", m.longest)
	}
}

// During a Poll, changes are written at once.
func TestChangesAreWrittenAtOnceDuringAPoll(t *testing.T) {
	poller, m := modelOf(t)
	r, w := suite.Pipe(t)
	done := make(chan map[int]devpoll.Events)
	go func() { done <- poll(t, poller, soon) }()
	time.Sleep(quiet)
	must(t, poller.Register(r, devpoll.In))
	m.mu.Lock()
	written := m.entries[int32(r)] != nil
	m.mu.Unlock()
	if !written {
		t.Error("the change was not written")
	}
	must(t, poller.Unregister(r))
	suite.Write(t, w)
	must(t, poller.Register(r, devpoll.In))
	if ready := <-done; ready[r] != devpoll.In {
		t.Errorf("ready are %v", ready)
	}
}

// Register of a closed descriptor interrupts a Poll in progress.
func TestClosedDescriptorReachesAPollInProgress(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		fd := suite.ClosedFD(t)
		done := make(chan map[int]devpoll.Events)
		for range 3 {
			go func() { done <- poll(t, poller, soon) }()
		}
		time.Sleep(quiet)
		must(t, poller.Register(fd, devpoll.In))
		for range 3 {
			if ready := <-done; len(ready) != 1 || ready[fd] != devpoll.Nval {
				t.Errorf("ready are %v, want Nval of descriptor %d", ready, fd)
			}
		}
		must(t, poller.Unregister(fd))
		expectNothing(t, poller)
	})
}

// The driver refuses other processes than the first user, such as its children.
func TestOwnership(t *testing.T) {
	poller, m := modelOf(t)
	m.pid++ // as after fork
	_, err := poller.Poll(make([]devpoll.Event, 1), 0)
	isErr(t, err, unix.EACCES)
	if err == nil || !strings.Contains(err.Error(), "belongs to the process that used it first") {
		t.Errorf("%q does not name the owner", err)
	}
	m.pid--
	expectNothing(t, poller)
}

// expectExact checks that the driver has the registered descriptors and no others.
func expectExact(t *testing.T, m *model, want map[int]devpoll.Events) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	has := make(map[int]devpoll.Events)
	for fd, e := range m.entries {
		if e.file {
			has[int(fd)] = devpoll.Events(e.events)
		}
	}
	for fd, events := range want {
		if got, ok := has[fd]; !ok || got != events {
			t.Errorf("of descriptor %d the driver has %v (%v), want %v", fd, got, ok, events)
		}
	}
	if len(has) != len(want)+1 { // one is the Poller's own
		t.Errorf("the driver has %v, want %v", has, want)
	}
}

func TestDriverHoldsTheRegistrations(t *testing.T) {
	poller, m := modelOf(t)
	var fds []int
	for range 4 {
		a, _ := suite.SocketPair(t, unix.SOCK_STREAM)
		fds = append(fds, a)
	}
	want := make(map[int]devpoll.Events)
	for range 2000 {
		fd := fds[rand.IntN(len(fds))]
		switch rand.IntN(4) {
		case 0:
			must(t, poller.Unregister(fd))
			delete(want, fd)
		case 1:
			poll(t, poller, 0)
			expectExact(t, m, want)
		default:
			want[fd] = mask(uint16(rand.Uint32()))
			must(t, poller.Register(fd, want[fd]))
		}
	}
}

// A descriptor that is unregistered and registered again may have another file than the driver.
func TestRegistrationAfterUnregisterIsWritten(t *testing.T) {
	poller, m := modelOf(t)
	r, _ := suite.Pipe(t)
	must(t, poller.Register(r, devpoll.In))
	poll(t, poller, 0)
	must(t, poller.Unregister(r))
	must(t, poller.Register(r, devpoll.In))
	poll(t, poller, 0)
	if m.removals != 1 {
		t.Errorf("%d entries were removed, want 1", m.removals)
	}
}

// The driver may have additional events, of a file that was closed before the write.
func TestUnrequestedEvents(t *testing.T) {
	poller, m := modelOf(t)
	a, _ := suite.SocketPair(t, unix.SOCK_STREAM)
	must(t, poller.Register(a, devpoll.In))
	poll(t, poller, 0)
	m.entries[int32(a)].events |= uint16(devpoll.Out)
	m.entries[int32(a)].hint = true
	expectNothing(t, poller)
	expectExact(t, m, map[int]devpoll.Events{a: devpoll.In})
}

// The driver accepts and reports at most as many entries as the limit, which may become lower.
func TestLimitOfTheDriver(t *testing.T) {
	_, low := suite.Pipe(t)
	suite.Limit(t, 2000)
	w := suite.High(t, low, 350)
	for _, secret := range []bool{true, false} {
		poller, m := modelOf(t)
		if secret {
			m.limit = 40 // while RLIMIT_NOFILE is higher
		}
		var fds []int
		for range 500 {
			fds = append(fds, suite.High(t, w, 400))
			must(t, poller.Register(fds[len(fds)-1], devpoll.Out))
		}
		if !secret {
			suite.Limit(t, 300)
		}
		expectInTurns(t, poller, 500)
		if refused := m.refusals > 0; refused != secret {
			t.Errorf("%d calls had too many entries", m.refusals)
		}
		for _, fd := range fds {
			must(t, poller.Unregister(fd))
		}
	}
}

// An event from before the descriptor was registered again is dropped.
func TestEventOfAnEarlierRegistration(t *testing.T) {
	poller, m := modelOf(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	silent, _ := suite.Pipe(t)
	number := suite.High(t, r, 400)
	must(t, poller.Register(number, devpoll.In))
	m.late = func() {
		m.late = nil
		must(t, poller.Unregister(number))
		suite.Close(t, number)
		suite.High(t, silent, number)
		must(t, poller.Register(number, devpoll.In))
	}
	if ready := poll(t, poller, 0); len(ready) != 0 {
		t.Errorf("ready are %v", ready)
	}
	expectNothing(t, poller)
}

// Changes that the driver refused are not lost.
func TestFailedWriteIsRepeated(t *testing.T) {
	poller, m := modelOf(t)
	a, b := suite.SocketPair(t, unix.SOCK_STREAM)
	must(t, poller.Register(a, devpoll.Out))
	expect(t, poller, a, devpoll.Out)
	must(t, poller.Register(a, devpoll.In))
	must(t, poller.Register(b, devpoll.Out))
	must(t, poller.Unregister(b))
	suite.Write(t, b)
	m.pid++
	_, err := poller.Poll(make([]devpoll.Event, 1), 0)
	isErr(t, err, unix.EACCES)
	m.pid--
	expect(t, poller, a, devpoll.In)
	expectExact(t, m, map[int]devpoll.Events{a: devpoll.In})
}

// The model follows the description of the driver in the most important points.
func TestModel(t *testing.T) {
	m := newModel()
	fd, err := m.Open()
	must(t, err)
	suite.CloseAtEnd(t, fd)
	write := func(fd int, events uint16) {
		for m.Write(0, []sys.PollFD{{FD: int32(fd), Events: events}}) == unix.EINTR {
			continue
		}
	}
	expect := func(what string, want ...sys.PollFD) {
		t.Helper()
		list := make([]sys.PollFD, 8)
		n, errno := m.Poll(0, list, 0)
		if n != len(want) || errno != 0 {
			t.Fatalf("%s: %v, %v, want %v", what, list[:n], errno, want)
		}
		for i, entry := range list[:n] {
			if entry.FD != want[i].FD || entry.Revents != want[i].Revents {
				t.Errorf("%s: %v, want %v", what, list[:n], want)
			}
		}
	}
	a, b := suite.SocketPair(t, unix.SOCK_STREAM)
	suite.Write(t, b)
	twin := suite.High(t, a, 200)
	number := int32(twin)
	write(twin, sys.PollIn)
	write(twin, sys.PollOut)
	expect("events are added", sys.PollFD{FD: number, Revents: sys.PollIn | sys.PollOut})
	write(twin, 0x0800|sys.PollIn)
	expect("POLLREMOVE is exact", sys.PollFD{FD: number, Revents: sys.PollIn | sys.PollOut})
	write(twin, 0x0800)
	expect("removed")
	write(twin, sys.PollPri)
	expect("nothing is ready")
	suite.Close(t, twin)
	expect("a closed one is not looked at")
	write(twin, sys.PollPri)
	expect("it is once it was written again", sys.PollFD{FD: number, Revents: sys.PollNval})
	write(twin, 0x0800)
	expect("removed again")
	write(twin, sys.PollOut)
	expect("one that was closed before is never reported")
	write(twin, 0x0800)
	if again := suite.High(t, b, twin); again != twin {
		t.Skip("another goroutine has taken the number")
	}
	write(twin, sys.PollPri)
	expect("and cannot be removed", sys.PollFD{FD: number, Revents: sys.PollOut})
}
