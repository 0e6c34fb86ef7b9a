package kqueuebsd

import (
	"math"
	"syscall"
	"testing"
	"time"

	"iomux/internal/kevent"
	"iomux/internal/timeout"
)

var systems = []string{"darwin", "dragonfly", "freebsd", "netbsd", "openbsd"}

// eachSystem runs the test over the model of each kernel.
func eachSystem(t *testing.T, test func(t *testing.T, k *Kernel, m *model)) {
	for _, system := range systems {
		t.Run(system, func(t *testing.T) {
			k, m := newKernel(t, system)
			test(t, k, m)
		})
	}
}

func never() bool { return false }

// look returns the events that are pending.
func look(t *testing.T, k *Kernel) []kevent.Event {
	t.Helper()
	events := make([]kevent.Event, 8)
	n, errno := k.Wait(3, nil, events, timeout.Start(0), never)
	if errno != 0 {
		t.Fatal(errno)
	}
	return events[:n]
}

func change(t *testing.T, k *Kernel, changes ...kevent.Event) {
	t.Helper()
	for _, c := range changes {
		if errno := k.Change(3, c); errno != 0 {
			t.Fatalf("%+v: %v", c, errno)
		}
	}
}

// expect looks for exactly one event of the ident, or for none.
func expect(t *testing.T, k *Kernel, ident uint64, want int) {
	t.Helper()
	events := look(t, k)
	if len(events) != want || want > 0 && events[0].Ident != ident {
		t.Fatalf("events are %+v, want %d of %d", events, want, ident)
	}
}

// TestNoRoomDoesNotWait waits without room, which every kernel answers at once.
func TestNoRoomDoesNotWait(t *testing.T) {
	eachSystem(t, func(t *testing.T, k *Kernel, m *model) {
		for _, d := range []time.Duration{-1, 0, time.Hour} {
			if n, errno := k.Wait(3, nil, nil, timeout.Start(d), never); n != 0 || errno != 0 {
				t.Errorf("Wait for %v: %d, %v", d, n, errno)
			}
		}
		if m.calls != 0 {
			t.Errorf("kevent was called %d times", m.calls)
		}
	})
}

func TestInterruptedWaitGoesOn(t *testing.T) {
	eachSystem(t, func(t *testing.T, k *Kernel, m *model) {
		m.interrupt = 3
		add := []kevent.Event{{Ident: 5, Filter: kevent.FilterRead, Flags: kevent.Add}}
		events := make([]kevent.Event, 2)
		if n, errno := k.Wait(3, add, events, timeout.Start(-1), never); n != 1 || errno != 0 || events[0].Ident != 5 {
			t.Errorf("Wait: %d, %v, %+v", n, errno, events)
		}
		if m.added[5] != 1 {
			t.Errorf("the change was made %d times", m.added[5])
		}
	})
}

// TestEarlyTimeoutIsWaitedOut has kernels that return before the timeout has expired, such as
// NetBSD with clock ticks that are too short.
func TestEarlyTimeoutIsWaitedOut(t *testing.T) {
	const long = 20 * time.Millisecond
	eachSystem(t, func(t *testing.T, k *Kernel, m *model) {
		m.early = true
		start := time.Now()
		n, errno := k.Wait(3, nil, make([]kevent.Event, 2), timeout.Start(long), never)
		if waited := time.Since(start); n != 0 || errno != 0 || waited < long {
			t.Errorf("Wait: %d, %v after %v, want no event after %v", n, errno, waited, long)
		}
	})
}

func TestNewUserEventIsTriggered(t *testing.T) {
	eachSystem(t, func(t *testing.T, k *Kernel, m *model) {
		for _, flags := range []uint16{0, kevent.Clear, kevent.OneShot} {
			both := kevent.Event{Ident: 1, Filter: kevent.FilterUser, Flags: kevent.Add | flags, Fflags: kevent.NoteTrigger}
			if one := []kevent.Event{both}; k.Singly(one, 1) || m.system == "darwin" {
				change(t, k, both)
			} else if n, _ := k.Kevent(3, one, nil, 0); n != 0 {
				t.Fatal("the change has failed")
			}
			expect(t, k, 1, 1)
			// It may be gone.
			_ = k.Change(3, kevent.Event{Ident: 1, Filter: kevent.FilterUser, Flags: kevent.Delete})
		}
		disabled := kevent.Event{Ident: 1, Filter: kevent.FilterUser, Flags: kevent.Add | kevent.Disable, Fflags: kevent.NoteTrigger}
		change(t, k, disabled)
		expect(t, k, 1, 0)
	})
}

func TestEventThatExistsIsTriggeredByAnotherAdd(t *testing.T) {
	eachSystem(t, func(t *testing.T, k *Kernel, _ *model) {
		again := kevent.Event{Ident: 1, Filter: kevent.FilterUser, Flags: kevent.Add | kevent.Clear, Fflags: kevent.NoteTrigger}
		for range 3 {
			if !k.Singly([]kevent.Event{again}, 1) {
				t.Fatal("the change is made in one step")
			}
			change(t, k, again)
			expect(t, k, 1, 1)
			expect(t, k, 1, 0)
		}
		again.Flags |= kevent.Delete
		change(t, k, again)
		expect(t, k, 1, 0)
	})
}

func TestEnormousTimersDoNotExpire(t *testing.T) {
	eachSystem(t, func(t *testing.T, k *Kernel, m *model) {
		for _, unit := range []uint32{0, kevent.NoteSeconds, kevent.NoteUSeconds, kevent.NoteNSeconds} {
			if unit == kevent.AbsentNote { // package kqueue refuses it
				continue
			}
			for _, period := range []int64{1 << 31, math.MaxInt64 / int64(time.Second), math.MaxInt64} {
				add := kevent.Event{Ident: 1, Filter: kevent.FilterTimer, Flags: kevent.Add, Fflags: unit, Data: period}
				if m.system == "freebsd" && period > longestTimer*perSecond(unit) && !k.Singly([]kevent.Event{add}, 1) {
					t.Errorf("%+v reaches the kernel unchanged", add)
				}
				change(t, k, add)
				expect(t, k, 1, 0)
			}
		}
	})
}

// TestTimersOfThirtyYearsAreNotShortened has the longest periods that every kernel takes.
func TestTimersOfThirtyYearsAreNotShortened(t *testing.T) {
	const seconds = 30 * 365 * 24 * 3600
	// DragonFly has one number for all units that it lacks, so this is not a map.
	for _, c := range []struct {
		unit   uint32
		period int64
	}{
		{0, seconds * 1e3}, {kevent.NoteSeconds, seconds}, {kevent.NoteUSeconds, seconds * 1e6}, {kevent.NoteNSeconds, seconds * 1e9},
	} {
		unit, period := c.unit, c.period
		k, m := newKernel(t, "freebsd")
		change(t, k, kevent.Event{Ident: 1, Filter: kevent.FilterTimer, Flags: kevent.Add, Fflags: unit, Data: period})
		if got := m.find(1, kevent.FilterTimer).Data; got != period {
			t.Errorf("with the unit %#x the period is %d, want %d", unit, got, period)
		}
	}
}

func TestNotesOfAFileAreReplaced(t *testing.T) {
	eachSystem(t, func(t *testing.T, k *Kernel, m *model) {
		add := kevent.Event{Ident: 5, Filter: kevent.FilterVnode, Flags: kevent.Add | kevent.Clear, Fflags: kevent.NoteDelete}
		change(t, k, add)
		add.Fflags = kevent.NoteExtend
		if k.Singly([]kevent.Event{add}, 1) != (m.system == "netbsd") {
			t.Error("the change is not made in two steps where that is needed, or where it is not")
		}
		m.change(5, kevent.NoteDelete) // which is pending, and stays so
		change(t, k, add)
		expect(t, k, 5, 1)
		m.change(5, kevent.NoteExtend)
		expect(t, k, 5, 1)
		m.change(5, kevent.NoteDelete)
		expect(t, k, 5, 0)
	})
}

func TestTimerThatIsAddedAgainStartsAnew(t *testing.T) {
	eachSystem(t, func(t *testing.T, k *Kernel, m *model) {
		add := kevent.Event{Ident: 1, Filter: kevent.FilterTimer, Flags: kevent.Add, Data: 1000}
		change(t, k, add)
		add.Data = 5
		change(t, k, add)
		if got := m.find(1, kevent.FilterTimer).Data; got != 5 {
			t.Errorf("the period is %d, want 5", got)
		}
	})
}

func TestDispatchDisablesDespiteClear(t *testing.T) {
	const flags = kevent.Add | kevent.Clear | kevent.Dispatch
	eachSystem(t, func(t *testing.T, k *Kernel, m *model) {
		change(t, k, kevent.Event{Ident: 5, Filter: kevent.FilterRead, Flags: flags})
		expect(t, k, 5, 1)
		m.find(5, kevent.FilterRead).active = true
		expect(t, k, 5, 0)
		change(t, k, kevent.Event{Ident: 5, Filter: kevent.FilterRead, Flags: kevent.Delete})

		trigger := kevent.Event{Ident: 1, Filter: kevent.FilterUser, Fflags: kevent.NoteTrigger}
		change(t, k, kevent.Event{Ident: 1, Filter: kevent.FilterUser, Flags: flags}, trigger)
		expect(t, k, 1, 1)
		change(t, k, trigger)
		expect(t, k, 1, 0)
	})
}

// TestWakeReachesEveryWaiter has three waiters of one closed queue, one after the other.
func TestWakeReachesEveryWaiter(t *testing.T) {
	eachSystem(t, func(t *testing.T, k *Kernel, _ *model) {
		closed := false
		isClosed := func() bool { return closed }
		k.Wake(3)
		closed = true
		for range 3 {
			if n, errno := k.Wait(3, nil, make([]kevent.Event, 2), timeout.Start(-1), isClosed); n != 0 || errno != 0 {
				t.Errorf("Wait: %d, %v", n, errno)
			}
		}
	})
}

// TestWakeOfAnotherQueueIsCleared waits in a queue whose descriptor has a second owner, which was
// closed.
func TestWakeOfAnotherQueueIsCleared(t *testing.T) {
	eachSystem(t, func(t *testing.T, k *Kernel, m *model) {
		k.Wake(3)
		if n, errno := k.Wait(3, nil, make([]kevent.Event, 2), timeout.Start(0), never); n != 0 || errno != 0 {
			t.Errorf("Wait: %d, %v", n, errno)
		}
		if len(m.registrations) != 0 {
			t.Errorf("the wake-up is still registered: %+v", m.registrations)
		}
	})
}

func TestWakeComesWithEvents(t *testing.T) {
	eachSystem(t, func(t *testing.T, k *Kernel, m *model) {
		k.Wake(3)
		change(t, k, kevent.Event{Ident: 5, Filter: kevent.FilterRead, Flags: kevent.Add})
		expect(t, k, 5, 1)
		if n := m.added[uint64(k.WakeFD)]; n != 2 { // only a new one is certain to wake
			t.Errorf("the wake-up was added %d times, want once more for the next waiter", n)
		}
	})
}

func TestFailureHasNoFlagOfTheChange(t *testing.T) {
	eachSystem(t, func(t *testing.T, k *Kernel, _ *model) {
		bad := []kevent.Event{{Ident: 5, Filter: kevent.FilterRead, Flags: kevent.Enable}}
		events := make([]kevent.Event, 1)
		n, errno := k.Wait(3, bad, events, timeout.Start(-1), never)
		if n != 1 || errno != 0 || events[0].Flags != kevent.Error || events[0].Data != int64(syscall.ENOENT) {
			t.Errorf("Wait: %d, %v, %+v", n, errno, events)
		}
	})
}

func TestIdentsThatAreTooLarge(t *testing.T) {
	for filter, want := range map[int16]syscall.Errno{
		kevent.FilterRead: syscall.EBADF, kevent.FilterVnode: syscall.EBADF, kevent.FilterProc: syscall.ESRCH,
		kevent.FilterSignal: syscall.EINVAL,
	} {
		k, m := newKernel(t, "freebsd")
		bad := kevent.Event{Ident: 1 << 31, Filter: filter, Flags: kevent.Add}
		if errno := k.Change(3, bad); errno != want || m.calls != 0 {
			t.Errorf("filter %d: %v after %d calls, want %v", filter, errno, m.calls, want)
		}
		if !k.Singly([]kevent.Event{bad}, 1) {
			t.Errorf("filter %d: the kernel would cut the ident", filter)
		}
	}
}

// TestSingly lists what needs one call for each change.
func TestSingly(t *testing.T) {
	k, _ := newKernel(t, "openbsd")
	plain := kevent.Event{Ident: 5, Filter: kevent.FilterRead, Flags: kevent.Add}
	receipt := plain
	receipt.Flags |= kevent.Receipt
	for _, c := range []struct {
		changes []kevent.Event
		room    int
		want    bool
	}{
		{nil, 0, false}, {[]kevent.Event{plain}, 1, false}, {[]kevent.Event{plain}, 0, true}, {[]kevent.Event{plain, receipt}, 2, true},
	} {
		if got := k.Singly(c.changes, c.room); got != c.want {
			t.Errorf("%+v with room for %d: %v", c.changes, c.room, got)
		}
	}
}
