//go:build unix || windows

package devpoll_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"iomux/devpoll"
	"iomux/internal/test/suite"
)

// numbers has RdHup if the system has it.
var numbers = suite.Numbers[devpoll.Events]{Events: pairs()}

func pairs() map[suite.Events]devpoll.Events {
	all := map[suite.Events]devpoll.Events{
		suite.In: devpoll.In, suite.Out: devpoll.Out, suite.Pri: devpoll.Pri,
		suite.Err: devpoll.Err, suite.Hup: devpoll.Hup, suite.Nval: devpoll.Nval,
	}
	poller, err := devpoll.New(devpoll.Emulated)
	if err != nil {
		return all
	}
	defer func() { _ = poller.Close() }()
	if !errors.Is(poller.Register(0, devpoll.RdHup), errors.ErrUnsupported) {
		all[suite.RdHup] = devpoll.RdHup
	}
	return all
}

// waiter adapts a Poller to the suite.
type waiter struct{ *devpoll.Poller }

func (w waiter) Register(fd int, events suite.Events, _ suite.Mode) error {
	return w.Poller.Register(fd, numbers.To(events, suite.Level))
}

func (w waiter) Modify(fd int, events suite.Events, _ suite.Mode) error {
	return w.Poller.Modify(fd, numbers.To(events, suite.Level))
}

func (w waiter) Wait(room int, timeout time.Duration) ([]suite.Event, error) {
	buffer := make([]devpoll.Event, room)
	n, err := w.Poll(buffer, timeout)
	var ready []suite.Event
	for _, event := range buffer[:n] {
		ready = append(ready, suite.Event{FD: event.FD, Events: numbers.From(event.Events)})
	}
	return ready, err
}

func mechanism(name string) suite.Mechanism {
	m := suite.Mechanism{
		New: func() (suite.Waiter, error) {
			poller, err := variants[name]()
			return waiter{poller}, err
		},
		Live:           true,
		Wakes:          true,
		IgnoresUnknown: true,
		Brief:          name != "default",
		ReportsClosed:  suite.IsNval,
	}
	for theirs := range numbers.Events {
		m.Reports |= theirs
	}
	return m
}

// onEach runs a test with a Poller of each variant.
func onEach(t *testing.T, test func(*testing.T, *devpoll.Poller)) {
	for name := range variants {
		t.Run(name, func(t *testing.T) { test(t, open(t, name)) })
	}
}

func open(t testing.TB, name string) *devpoll.Poller {
	t.Helper()
	poller, err := variants[name]()
	must(t, err)
	t.Cleanup(func() { _ = poller.Close() }) // the test may have closed it
	return poller
}

var must = suite.Must

func TestSuite(t *testing.T) {
	mechanisms := make(map[string]suite.Mechanism)
	for name := range variants {
		// The default also uses poll(2) for the few descriptors of the suite.
		if !testing.Short() || !strings.HasSuffix(name, "by poll") {
			mechanisms[name] = mechanism(name)
		}
	}
	suite.RunEach(t, mechanisms)
}

func FuzzOperations(f *testing.F) { suite.Fuzz(f, mechanism("default")) }
