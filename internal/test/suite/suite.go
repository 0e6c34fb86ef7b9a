//go:build unix || windows

package suite

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux/internal/bitnames"
)

// Events are the conditions that the tests use. A mechanism translates them to its own and back.
type Events uint

// The conditions have the meaning that they have in poll(2).
const (
	In Events = 1 << iota
	Out
	Pri
	Err
	Hup
	RdHup
	Nval
)

var eventNames = []bitnames.Name{
	{Value: uint64(In), Text: "In"}, {Value: uint64(Out), Text: "Out"}, {Value: uint64(Pri), Text: "Pri"},
	{Value: uint64(Err), Text: "Err"}, {Value: uint64(Hup), Text: "Hup"}, {Value: uint64(RdHup), Text: "RdHup"},
	{Value: uint64(Nval), Text: "Nval"},
}

func (e Events) String() string { return bitnames.Format(uint64(e), eventNames) }

// Mode is the mode of a registration.
type Mode uint

// Every mechanism has Level. The others can be combined.
const (
	Level   Mode = 0
	Edge    Mode = 1
	OneShot Mode = 2
)

// Event is a ready descriptor.
type Event struct {
	FD     int
	Events Events
}

// Waiter is an object of a mechanism. For a mechanism that is a single call, it remembers the
// arguments.
type Waiter interface {
	Register(fd int, events Events, mode Mode) error
	Modify(fd int, events Events, mode Mode) error
	Unregister(fd int) error
	// Wait waits once and returns at most room events.
	Wait(room int, timeout time.Duration) ([]Event, error)
	Close() error
}

// Mechanism describes the mechanism under test.
type Mechanism struct {
	New func() (Waiter, error)
	// Reports holds the conditions that the mechanism reports. It reports the others as one of
	// these: select reports a hang-up as In.
	Reports Events
	// Modes holds the modes besides Level.
	Modes Mode
	// Highest is the highest descriptor that can be tested, or 0 for no limit.
	Highest int
	// Call means that the mechanism is a single call on the caller's lists, and remembers
	// nothing between two calls.
	Call bool
	// Live means that a change takes effect on waits that have already begun.
	Live bool
	// Wakes means that Close interrupts a wait.
	Wakes bool
	// Contexts means that its Waiters are ContextWaiters.
	Contexts bool
	// RefusesFiles means that regular files cannot be registered. Elsewhere they are always
	// ready.
	RefusesFiles bool
	// UnconnectedIsSilent means that a socket that was never connected is not ready, as in
	// kqueue.
	UnconnectedIsSilent bool
	// IgnoresUnknown means that Unregister of an unknown descriptor succeeds, and that Modify
	// registers it.
	IgnoresUnknown bool
	// Brief shortens long tests. It is for variants of a mechanism that runs them in full.
	Brief bool
	// ReportsClosed is how a wait reports a registered descriptor that was closed.
	ReportsClosed Closed
}

// Closed is the treatment of a registered descriptor that was closed.
type Closed int

// The treatments are:
const (
	Forgotten Closed = iota // it is no longer registered
	IsNval                  // it is reported as Nval
	IsError                 // the wait fails with EBADF
)

// test is a behaviour, and what a mechanism needs to show it.
type test struct {
	name     string
	modes    Mode
	reports  Events
	memory   bool
	live     bool
	wakes    bool
	contexts bool
	// The test changes or counts a property of the process, or needs a number to stay unused.
	alone bool
	run   func(*testing.T, Mechanism)
}

// Run runs every test on m, and skips tests that need something m does not have. Most tests run in
// parallel, so they end after the calling test function returned: undo settings with t.Cleanup, not
// with defer.
func Run(t *testing.T, m Mechanism) {
	run(t, m, tests(true))
	run(t, m, tests(false))
}

// RunEach runs every test on each mechanism. The mechanisms share the time of the parallel tests.
func RunEach(t *testing.T, mechanisms map[string]Mechanism) {
	for name, m := range mechanisms {
		t.Run(name, func(t *testing.T) {
			run(t, m, tests(true))
			Parallel(t)
			run(t, m, tests(false))
		})
	}
}

// RunTimeouts runs the tests of Run that concern time, for another clock than the usual one.
func RunTimeouts(t *testing.T, m Mechanism) { run(t, m, timeoutTests) }

// tests returns the tests that run alone, or the others.
func tests(alone bool) []test {
	all := slices.Concat(levelTests, edgeTests, hangupTests, socketTests, timeoutTests, contextTests, concurrentTests,
		manyTests, systemTests)
	return slices.DeleteFunc(all, func(test test) bool { return test.alone != alone })
}

func run(t *testing.T, m Mechanism, tests []test) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if lacks := test.lacks(m); lacks != "" {
				t.Skip("this mechanism has no " + lacks)
			}
			if !test.alone {
				Parallel(t)
			}
			test.run(t, m)
		})
	}
}

// Parallel calls t.Parallel, except on Windows, which reuses a closed number at once.
func Parallel(t *testing.T) {
	if runtime.GOOS != "windows" {
		t.Parallel()
	}
}

// allModes returns the modes of m and their combinations.
func (m Mechanism) allModes() (modes []Mode) {
	for _, mode := range []Mode{Level, Edge, OneShot, OneShot | Edge} {
		if mode&^m.Modes == 0 {
			modes = append(modes, mode)
		}
	}
	return modes
}

// needs skips a test if fd is higher than the highest descriptor that can be tested.
func (m Mechanism) needs(t *testing.T, fd int) {
	t.Helper()
	if m.Highest != 0 && fd > m.Highest {
		t.Skipf("descriptors above %d cannot be tested here", m.Highest)
	}
}

func (test test) lacks(m Mechanism) string {
	var lacks []string
	if test.modes&Edge&^m.Modes != 0 {
		lacks = append(lacks, "edge-triggered mode")
	}
	if test.modes&OneShot&^m.Modes != 0 {
		lacks = append(lacks, "one-shot mode")
	}
	if missing := test.reports &^ m.Reports; missing != 0 {
		lacks = append(lacks, missing.String())
	}
	if test.memory && m.Call {
		lacks = append(lacks, "object that remembers")
	}
	if test.live && !m.Live {
		lacks = append(lacks, "changes that take effect on a wait that has begun")
	}
	if test.wakes && !m.Wakes {
		lacks = append(lacks, "Close")
	}
	if test.contexts && !m.Contexts {
		lacks = append(lacks, "wait that takes a context")
	}
	return strings.Join(lacks, ", ")
}

// object returns a Waiter that is closed at the end of the test.
func object(t testing.TB, m Mechanism) Waiter {
	t.Helper()
	w, err := m.New()
	if err != nil {
		t.Fatal("New:", err)
	}
	t.Cleanup(func() { _ = w.Close() }) // the test may have closed it
	return w
}

// watching returns a Waiter with one registration.
func watching(t testing.TB, m Mechanism, fd int, events Events, mode Mode) Waiter {
	t.Helper()
	w := object(t, m)
	Must(t, w.Register(fd, events, mode))
	return w
}

// soon is a timeout for waits that should end long before. It fails a test that would block
// forever.
const soon = 30 * time.Second

// quiet is how long a test waits for an event that must not come.
const quiet = 20 * time.Millisecond

// wait waits once for up to room events. The test fails if the wait fails.
func wait(t testing.TB, w Waiter, room int, timeout time.Duration) []Event {
	t.Helper()
	events, err := w.Wait(room, timeout)
	if err != nil {
		t.Fatal("wait:", err)
	}
	return events
}

// expect waits for one event of fd that has every condition of want that m reports, and none of
// unwanted.
func expect(t testing.TB, m Mechanism, w Waiter, fd int, want, unwanted Events) {
	t.Helper()
	events := wait(t, w, 8, soon)
	if err := matches(m, events, fd, want, unwanted); err != nil {
		t.Fatal(err)
	}
}

func matches(m Mechanism, events []Event, fd int, want, unwanted Events) error {
	if len(events) != 1 || events[0].FD != fd {
		return fmt.Errorf("events are %v, want one of descriptor %d", events, fd)
	}
	got := events[0].Events
	if missing := want & m.Reports &^ got; missing != 0 {
		return fmt.Errorf("descriptor %d is %v, lacks %v", fd, got, missing)
	}
	if got&unwanted != 0 {
		return fmt.Errorf("descriptor %d is %v, want nothing of %v", fd, got, unwanted)
	}
	return nil
}

// expectNothing polls, then waits for a moment, and fails the test if an event comes.
func expectNothing(t testing.TB, w Waiter) {
	t.Helper()
	for _, timeout := range []time.Duration{0, quiet} {
		if events := wait(t, w, 8, timeout); len(events) != 0 {
			t.Fatalf("after %v events are %v, want none", timeout, events)
		}
	}
}

func isErrno(t testing.TB, err error, errno syscall.Errno) {
	t.Helper()
	if !errors.Is(err, errno) {
		t.Errorf("error is %v, want %v", err, errno)
	}
	var call *os.SyscallError
	if err != nil && !errors.As(err, &call) {
		t.Errorf("error %v does not name the system call", err)
	}
}

// names checks that the message contains the descriptor.
func names(t testing.TB, err error, fd int) {
	t.Helper()
	if err != nil && !strings.Contains(err.Error(), strconv.Itoa(fd)) {
		t.Errorf("error %q does not name descriptor %d", err, fd)
	}
}
