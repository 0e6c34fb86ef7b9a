//go:build unix || windows

package iomux_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
)

// waiter adapts a Poller to the suite, whose objects are identified by descriptor.
type waiter struct {
	*iomux.Poller[int]
	mu            sync.Mutex
	registrations map[int]*iomux.Registration[int]
}

func newWaiter(opts ...iomux.Option) (*waiter, error) {
	p, err := iomux.New[int](opts...)
	return &waiter{Poller: p, registrations: make(map[int]*iomux.Registration[int])}, err
}

var numbers = suite.Numbers[iomux.Interest]{
	Events: map[suite.Events]iomux.Interest{
		suite.In: iomux.Readable, suite.Out: iomux.Writable, suite.Pri: iomux.Priority,
		suite.Err: iomux.Errored, suite.Hup: iomux.Hangup, suite.RdHup: iomux.ReadHangup,
	},
	Edge: iomux.Edge, OneShot: iomux.OneShot,
}

func (w *waiter) Register(fd int, events suite.Events, mode suite.Mode) error {
	w.mu.Lock() // a waiting goroutine may get an event before Register returns
	defer w.mu.Unlock()
	r, err := w.RegisterFD(fd, numbers.To(events, mode), fd)
	if err == nil {
		w.registrations[fd] = r
	}
	return err
}

func (w *waiter) find(fd int) *iomux.Registration[int] {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.registrations[fd]; r != nil {
		return r
	}
	return new(iomux.Registration[int])
}

func (w *waiter) Modify(fd int, events suite.Events, mode suite.Mode) error {
	return w.find(fd).Modify(numbers.To(events, mode))
}

func (w *waiter) Unregister(fd int) error { return w.find(fd).Unregister() }

func (w *waiter) Wait(room int, timeout time.Duration) ([]suite.Event, error) {
	if timeout < 0 {
		return w.WaitContext(context.Background(), room)
	}
	buffer := make([]iomux.Event[int], room)
	n, err := w.WaitTimeout(buffer, timeout)
	return w.toSuite(buffer[:n], err)
}

func (w *waiter) WaitContext(ctx context.Context, room int) ([]suite.Event, error) {
	buffer := make([]iomux.Event[int], room)
	n, err := w.Poller.Wait(ctx, buffer)
	return w.toSuite(buffer[:n], err)
}

func (w *waiter) toSuite(ready []iomux.Event[int], err error) (events []suite.Event, _ error) {
	for _, event := range ready {
		if event.Ready&(iomux.Edge|iomux.OneShot) != 0 || event.Kind != iomux.KindIO || event.Registration != w.find(event.Key) {
			return nil, fmt.Errorf("event is %+v", event)
		}
		events = append(events, suite.Event{FD: event.Key, Events: numbers.From(event.Ready)})
	}
	return events, err
}

// modelled holds options for mechanisms that this system lacks, on top of models of their calls.
var modelled map[string]iomux.Option

// backends returns options for each way in which a Poller can wait on this system.
func backends() map[string][]iomux.Option {
	all := make(map[string][]iomux.Option)
	for _, m := range iomux.Mechanisms() {
		all[m.String()] = []iomux.Option{iomux.WithMechanism(m)}
	}
	if iomux.Epoll.Available() { // on other systems all waits block
		all["best blocking"] = []iomux.Option{iomux.WithBlocking()}
	}
	for name, option := range modelled {
		all[name] = []iomux.Option{option}
	}
	return all
}

func poller(t testing.TB, opts []iomux.Option) *iomux.Poller[int] {
	t.Helper()
	p, err := iomux.New[int](opts...)
	if err != nil {
		t.Fatal("New:", err)
	}
	t.Cleanup(func() { _ = p.Close() }) // the test may have closed it
	return p
}

func mechanism(t testing.TB, opts []iomux.Option) suite.Mechanism {
	p := poller(t, opts)
	m := suite.Mechanism{
		New:           func() (suite.Waiter, error) { return newWaiter(opts...) },
		Modes:         suite.OneShot,
		Live:          true,
		Wakes:         true,
		Contexts:      true,
		ReportsClosed: suite.Forgotten,
	}
	m.UnconnectedIsSilent = p.Mechanism() == iomux.Kqueue
	if p.Mechanism() == iomux.Select && suite.Emulator() != "" {
		m.Highest = 1023 // qemu-user aborts on larger sets
	}
	for theirs, ours := range numbers.Events {
		if p.Supports(ours) {
			m.Reports |= theirs
		}
	}
	if p.Supports(iomux.Edge) {
		m.Modes |= suite.Edge
	}
	return m
}

func TestSuite(t *testing.T) {
	mechanisms := make(map[string]suite.Mechanism)
	for name, opts := range backends() {
		m := mechanism(t, opts)
		m.Brief = name == "best blocking"
		mechanisms[name] = m
	}
	suite.RunEach(t, mechanisms)
}
