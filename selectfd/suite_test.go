//go:build unix || windows

package selectfd_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"iomux/internal/test/suite"
	"iomux/selectfd"
)

// call is a variant of select(2) on lists of numbers.
type call func(r, w, x []int, timeout time.Duration) (rr, rw, rx []int, err error)

// bySets converts a call on sets to one on lists.
func bySets(wait func(r, w, x *selectfd.Set, timeout time.Duration) (int, error)) call {
	return func(r, w, x []int, timeout time.Duration) (rr, rw, rx []int, err error) {
		var sets [3]selectfd.Set
		for i, list := range [][]int{r, w, x} {
			for _, fd := range list {
				sets[i].Add(fd)
			}
		}
		if _, err = wait(&sets[0], &sets[1], &sets[2], timeout); err != nil {
			return nil, nil, nil, err
		}
		return slices.Collect(sets[0].All()), slices.Collect(sets[1].All()), slices.Collect(sets[2].All()), nil
	}
}

// waitContext is Wait with a context that can be cancelled.
func waitContext(r, w, x *selectfd.Set, timeout time.Duration) (int, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	return selectfd.WaitContext(ctx, r, w, x, timeout)
}

var calls = map[string]call{
	"Select":      selectfd.Select[int],
	"Wait":        bySets(selectfd.Wait),
	"WaitContext": bySets(waitContext),
}

func init() {
	for name, wait := range selectfd.OtherWays {
		calls[name] = bySets(wait)
	}
}

// waiter adapts a call to the suite's objects. It holds the arguments of the call.
type waiter struct {
	call  call
	lists [3][]int
}

// meaning holds the conditions that each of the three lists requests.
var meaning = [3]suite.Events{suite.In, suite.Out, suite.Pri}

func (w *waiter) Register(fd int, events suite.Events, _ suite.Mode) error {
	for i := range w.lists {
		if events&meaning[i] != 0 {
			w.lists[i] = append(w.lists[i], fd)
		}
	}
	return nil
}

func (w *waiter) Unregister(fd int) error {
	for i, list := range w.lists {
		w.lists[i] = slices.DeleteFunc(list, func(other int) bool { return other == fd })
	}
	return nil
}

func (w *waiter) Modify(fd int, events suite.Events, mode suite.Mode) error {
	_ = w.Unregister(fd)
	return w.Register(fd, events, mode)
}

func (w *waiter) Wait(_ int, timeout time.Duration) ([]suite.Event, error) {
	return toSuite(w.call(w.lists[0], w.lists[1], w.lists[2], timeout))
}

// WaitContext waits with the only call that can be cancelled.
func (w *waiter) WaitContext(ctx context.Context, _ int) ([]suite.Event, error) {
	return toSuite(selectfd.SelectContext(ctx, w.lists[0], w.lists[1], w.lists[2], -1))
}

func toSuite(r, wr, x []int, err error) ([]suite.Event, error) {
	if err != nil {
		return nil, err
	}
	var events []suite.Event
	for i, list := range [][]int{r, wr, x} {
		for _, fd := range list {
			at := slices.IndexFunc(events, func(event suite.Event) bool { return event.FD == fd })
			if at < 0 {
				at = len(events)
				events = append(events, suite.Event{FD: fd})
			}
			events[at].Events |= meaning[i]
		}
	}
	return events, nil
}

func (*waiter) Close() error { return nil }

func TestSuite(t *testing.T) {
	highest := 0
	if suite.Emulator() != "" {
		highest = 1023 // qemu-user aborts on larger sets
	}
	mechanisms := make(map[string]suite.Mechanism)
	for name, call := range calls {
		mechanisms[name] = suite.Mechanism{
			New:           func() (suite.Waiter, error) { return &waiter{call: call}, nil },
			Reports:       suite.In | suite.Out | suite.Pri,
			Call:          true,
			Contexts:      name == "WaitContext",
			Brief:         name == "WaitContext",
			Highest:       highest,
			ReportsClosed: suite.IsError,
		}
	}
	suite.RunEach(t, mechanisms)
}
