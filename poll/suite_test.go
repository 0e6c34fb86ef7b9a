//go:build unix || windows

package poll_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"iomux/internal/test/suite"
	"iomux/poll"
)

// numbers gets RdHup if the system has it.
var numbers = suite.Numbers[poll.Events]{Events: map[suite.Events]poll.Events{
	suite.In: poll.In, suite.Out: poll.Out, suite.Pri: poll.Pri,
	suite.Err: poll.Err, suite.Hup: poll.Hup, suite.Nval: poll.Nval,
}}

func reported() (all suite.Events) {
	if _, err := poll.Wait([]poll.FD{{FD: -1, Events: poll.RdHup}}, 0); !errors.Is(err, errors.ErrUnsupported) {
		numbers.Events[suite.RdHup] = poll.RdHup
	}
	for theirs := range numbers.Events {
		all |= theirs
	}
	return all
}

// waiter adapts a poll object to the suite.
type waiter struct {
	*poll.Poller
	contexts bool // whether each wait has a context
}

func (w waiter) Register(fd int, events suite.Events, _ suite.Mode) error {
	return w.Poller.Register(fd, numbers.To(events, suite.Level))
}

func (w waiter) Modify(fd int, events suite.Events, _ suite.Mode) error {
	return w.Poller.Modify(fd, numbers.To(events, suite.Level))
}

func (w waiter) Wait(room int, timeout time.Duration) ([]suite.Event, error) {
	if w.contexts {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		return w.wait(room, func(buffer []poll.Event) (int, error) { return w.PollContext(ctx, buffer, timeout) })
	}
	return w.wait(room, func(buffer []poll.Event) (int, error) { return w.Poll(buffer, timeout) })
}

func (w waiter) WaitContext(ctx context.Context, room int) ([]suite.Event, error) {
	return w.wait(room, func(buffer []poll.Event) (int, error) { return w.PollContext(ctx, buffer, -1) })
}

func (w waiter) wait(room int, poller func([]poll.Event) (int, error)) (ready []suite.Event, err error) {
	buffer := make([]poll.Event, room)
	n, err := poller(buffer)
	for _, event := range buffer[:n] {
		ready = append(ready, suite.Event{FD: event.FD, Events: numbers.From(event.Events)})
	}
	return ready, err
}

func (waiter) Close() error { return nil }

func mechanism(contexts bool) suite.Mechanism {
	return suite.Mechanism{
		New:           func() (suite.Waiter, error) { return waiter{poll.New(), contexts}, nil },
		Reports:       reported(),
		ReportsClosed: suite.IsNval,
		Contexts:      contexts,
		Brief:         contexts,
	}
}

func TestSuite(t *testing.T) {
	suite.RunEach(t, map[string]suite.Mechanism{"Poll": mechanism(false), "PollContext": mechanism(true)})
}

func FuzzOperations(f *testing.F) { suite.Fuzz(f, mechanism(false)) }
