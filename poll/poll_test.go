//go:build unix || windows

package poll_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux/internal/test/suite"
	"iomux/poll"
)

const soon = 30 * time.Second

var must = suite.Must

func TestEventsString(t *testing.T) {
	for events, want := range map[poll.Events]string{
		0:                             "0",
		poll.In | poll.Hup:            "In|Hup",
		poll.In | poll.Nval:           "In|Nval",
		poll.RdNorm | poll.RdBand:     "RdNorm|RdBand",
		poll.DefaultEvents | poll.Err: "In|Pri|Out|Err",
	} {
		if got := events.String(); got != want {
			t.Errorf("%#x is %q, want %q", uint16(events), got, want)
		}
	}
	if got := (poll.In | poll.RdHup).String(); !strings.Contains(got, "RdHup") {
		t.Errorf("In|RdHup is %q", got)
	}
}

// waits holds the functions that wait on a list of the caller.
var waits = map[string]func(fds []poll.FD, timeout time.Duration) (int, error){
	"Wait": poll.Wait,
	"WaitContext": func(fds []poll.FD, timeout time.Duration) (int, error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return poll.WaitContext(ctx, fds, timeout)
	},
}

func TestWait(t *testing.T) {
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			r, w := suite.Pipe(t)
			suite.Write(t, w)
			closed := suite.ClosedFD(t)
			fds := []poll.FD{
				{FD: int32(r), Events: poll.In},
				{FD: -1, Events: poll.In, Revents: poll.In},
				{FD: int32(closed), Events: poll.In},
				{FD: int32(w), Events: poll.In, Revents: poll.Hup},
				{FD: int32(w), Events: poll.Out},
				{FD: int32(r), Events: poll.In},
			}
			n, err := wait(fds, -1)
			if n != 4 || err != nil {
				t.Errorf("Wait: %d, %v, want 4", n, err)
			}
			want := []poll.Events{poll.In, 0, poll.Nval, 0, poll.Out, poll.In}
			for i, fd := range fds {
				if fd.Revents != want[i] {
					t.Errorf("entry %d has %v, want %v", i, fd.Revents, want[i])
				}
			}
		})
	}
}

func TestWaitOnAnEmptyListSleeps(t *testing.T) {
	for name, wait := range waits {
		for _, fds := range [][]poll.FD{nil, {}, {{FD: -1, Events: poll.In}}} {
			start := time.Now()
			if n, err := wait(fds, 20*time.Millisecond); n != 0 || err != nil || time.Since(start) < 20*time.Millisecond {
				t.Errorf("%s: %d, %v after %v", name, n, err, time.Since(start))
			}
		}
	}
}

// The entry that interrupts a wait is not in the caller's list.
func TestContextDoesNotChangeTheList(t *testing.T) {
	idle, _ := suite.Pipe(t)
	r, w := suite.Pipe(t)
	behind := poll.FD{FD: -7, Events: poll.Out, Revents: poll.Hup}
	array := [2]poll.FD{{FD: int32(idle), Events: poll.In}, behind}
	ctx, cancel := context.WithCancelCause(context.Background())
	enough := errors.New("enough")
	time.AfterFunc(5*time.Millisecond, func() { cancel(enough) })
	if n, err := poll.WaitContext(ctx, array[:1], -1); n != 0 || err != enough {
		t.Errorf("the wait returned %d, %v, want the cause", n, err)
	}
	if array != [2]poll.FD{{FD: int32(idle), Events: poll.In}, behind} {
		t.Errorf("the list is %v", array)
	}
	array[0].FD = int32(r)
	time.AfterFunc(5*time.Millisecond, func() { suite.Write(t, w) })
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if n, err := poll.WaitContext(ctx, array[:1], soon); n != 1 || err != nil || array[0].Revents != poll.In || array[1] != behind {
		t.Errorf("the wait returned %d, %v, and the list is %v", n, err, array)
	}
}

func TestAbsentEventsAreRefused(t *testing.T) {
	for _, event := range []poll.Events{poll.Msg, poll.RdHup} {
		_, err := poll.Wait([]poll.FD{{FD: 0, Events: poll.In}, {FD: -1, Events: event}}, 0)
		registered := poll.New().Register(0, event)
		modified := poll.New().Modify(0, event)
		if errors.Is(err, errors.ErrUnsupported) != errors.Is(registered, errors.ErrUnsupported) ||
			errors.Is(err, errors.ErrUnsupported) != errors.Is(modified, errors.ErrUnsupported) {
			t.Errorf("%v: errors of Wait, Register and Modify are %v, %v and %v", event, err, registered, modified)
		}
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%v: %v", event, err)
		}
	}
}

func TestPollerErrors(t *testing.T) {
	poller := poll.New()
	r, _ := suite.Pipe(t)
	if err := poller.Unregister(r); !errors.Is(err, poll.ErrNotRegistered) {
		t.Errorf("Unregister: %v, want ErrNotRegistered", err)
	}
	if err := poller.Modify(r, poll.In); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("Modify: %v, want ENOENT", err)
	}
	must(t, poller.Register(0, poll.In))
	for _, fd := range []int{-1, math.MinInt, math.MaxInt, math.MaxInt &^ math.MaxInt32} {
		if fd == 0 {
			continue // on 32-bit machines
		}
		if err := poller.Unregister(fd); !errors.Is(err, poll.ErrNotRegistered) {
			t.Errorf("Unregister(%d): %v, want ErrNotRegistered", fd, err)
		}
		if err := poller.Register(fd, poll.In); !errors.Is(err, syscall.EBADF) && fd != math.MaxInt32 {
			t.Errorf("Register(%d): %v, want EBADF", fd, err)
		}
	}
	if n, err := poller.Poll(nil, -1); n != 0 || !errors.Is(err, syscall.EINVAL) {
		t.Errorf("Poll without room: %d, %v, want EINVAL", n, err)
	}
}

func TestSecondRegisterReplacesTheFirst(t *testing.T) {
	poller := poll.New()
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	must(t, poller.Register(r, poll.Out))
	must(t, poller.Register(r, poll.In))
	if n := poller.Len(); n != 1 {
		t.Errorf("Len is %d, want 1", n)
	}
	events := make([]poll.Event, 4)
	n, err := poller.Poll(events, 0)
	if n != 1 || err != nil || events[0] != (poll.Event{FD: r, Events: poll.In}) {
		t.Errorf("Poll: %v, %v", events[:n], err)
	}
	must(t, poller.Unregister(r))
	if n := poller.Len(); n != 0 {
		t.Errorf("Len is %d, want 0", n)
	}
}

// order returns the descriptors in the order in which a Poll reports them.
func order(t *testing.T, poller *poll.Poller, room int) (fds []int) {
	t.Helper()
	events := make([]poll.Event, room)
	n, err := poller.Poll(events, 0)
	must(t, err)
	for _, event := range events[:n] {
		fds = append(fds, event.FD)
	}
	return fds
}

func TestEventsComeInOrderOfRegistration(t *testing.T) {
	poller := poll.New()
	var fds []int
	for range 100 {
		_, w := suite.Pipe(t)
		fds = append(fds, w)
	}
	slices.Reverse(fds)
	for _, fd := range fds {
		must(t, poller.Register(fd, poll.Out))
	}
	if got := order(t, poller, 200); !slices.Equal(got, fds) {
		t.Errorf("order is %v, want %v", got, fds)
	}
	for i := range 80 { // enough to remove the holes
		must(t, poller.Unregister(fds[i]))
		must(t, poller.Modify(fds[99], poll.Out))
	}
	for i := range 40 {
		must(t, poller.Register(fds[i], poll.Out))
	}
	want := append(slices.Clone(fds[80:]), fds[:40]...)
	if got := order(t, poller, 200); !slices.Equal(got, want) || poller.Len() != len(want) {
		t.Errorf("order is %v, want %v", got, want)
	}
}

func TestShortListsTakeTurnsInOrder(t *testing.T) {
	poller := poll.New()
	var fds []int
	for range 5 {
		_, w := suite.Pipe(t)
		fds = append(fds, w)
		must(t, poller.Register(w, poll.Out))
	}
	for _, want := range [][]int{{fds[0], fds[1]}, {fds[2], fds[3]}, {fds[4], fds[0]}, {fds[1], fds[2]}} {
		if got := order(t, poller, 2); !slices.Equal(got, want) {
			t.Errorf("turn is %v, want %v", got, want)
		}
	}
}

func TestManyWaitersOnOnePoller(t *testing.T) {
	poller := poll.New()
	r, w := suite.Pipe(t)
	must(t, poller.Register(r, poll.In))
	ended := make(chan error)
	for range 8 {
		go func() {
			n, err := poller.Poll(make([]poll.Event, 1), soon)
			if err == nil && n != 1 {
				err = errors.New("timed out")
			}
			ended <- err
		}()
	}
	suite.Write(t, w)
	for range 8 {
		must(t, <-ended)
	}
}

func TestNothingAllocates(t *testing.T) {
	poller := poll.New()
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	must(t, poller.Register(r, poll.In))
	events := make([]poll.Event, 8)
	fds := []poll.FD{{FD: int32(r), Events: poll.In}}
	for _, timeout := range []time.Duration{0, -1, time.Second} {
		if n := testing.AllocsPerRun(100, func() { _, _ = poller.Poll(events, timeout) }); n != 0 {
			t.Errorf("a Poll of %v allocates %v times", timeout, n)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = poll.Wait(fds, timeout) }); n != 0 {
			t.Errorf("a Wait of %v allocates %v times", timeout, n)
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		_ = poller.Modify(r, poll.In)
		_ = poller.Unregister(r)
		_ = poller.Register(r, poll.In)
	}); n != 0 {
		t.Errorf("Modify, Unregister and Register allocate %v times", n)
	}
}
