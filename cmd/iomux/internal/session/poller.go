//go:build unix || windows

package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"iomux"
	"iomux/poll"
)

// waiter waits with a Poller. A descriptor can have several targets, each other source has one. It
// is not safe for concurrent use.
type waiter struct {
	poller        *iomux.Poller[key]
	registrations map[key]*iomux.Registration[key]
	events        [128]iomux.Event[key] // further events are returned by the next wait
	ready         []event
}

// key is a descriptor, or a target that waits for a timer, a signal, a process or a path.
type key struct {
	fd     int
	target *target
}

// event is a source that is ready.
type event struct {
	key
	ready  states
	status *int // of a process, nil if unknown
}

var errAlwaysReady = errors.New("always ready")

// translations are the states in terms of a Poller and of poll(2).
var translations = []struct {
	state    states
	interest iomux.Interest
	events   poll.Events
}{
	{readable, iomux.Readable, poll.In},
	{writable, iomux.Writable, poll.Out},
	{priority, iomux.Priority, poll.Pri},
	{readHangup, iomux.ReadHangup, poll.RdHup},
	{hangup, iomux.Hangup, poll.Hup},
	{faulty, iomux.Errored, poll.Err},
}

func newWaiter(m iomux.Mechanism) (*waiter, error) {
	poller, err := iomux.New[key](iomux.WithMechanism(m))
	return &waiter{poller: poller, registrations: map[key]*iomux.Registration[key]{}}, err
}

// hasEdges reports whether the mechanism is edge-triggered.
func (w *waiter) hasEdges() bool { return w.poller.Supports(iomux.Edge) }

// set begins to wait for want on fd, or changes what it waits for. Hang-ups and errors are always
// reported. With edge, arrivals are reported instead of readiness. It returns errAlwaysReady for
// files that the kernel cannot wait on.
func (w *waiter) set(fd int, want states, edge bool) error {
	var interest iomux.Interest
	for _, line := range translations {
		// Some mechanisms cannot report all states. Select does not report hang-ups.
		if want&line.state != 0 && w.poller.Supports(line.interest) {
			interest |= line.interest
		}
	}
	if edge {
		interest |= iomux.Edge
	}
	if want&priority != 0 && interest&iomux.Priority == 0 {
		return fmt.Errorf("%v does not report urgent data on this system: try --mechanism poll", w.poller.Mechanism())
	}
	if r := w.registrations[key{fd: fd}]; r != nil {
		return r.Modify(interest)
	}
	r, err := w.poller.RegisterFD(fd, interest, key{fd: fd})
	switch {
	case err == nil && r.AlwaysReady():
		return errors.Join(errAlwaysReady, r.Unregister())
	case errors.Is(err, iomux.ErrNotPollable) && w.poller.Mechanism() == iomux.Epoll:
		return errAlwaysReady // not even for errors
	case errors.Is(err, iomux.ErrNotPollable):
		return fmt.Errorf("%v cannot wait on it: try --mechanism select", w.poller.Mechanism())
	case err == nil:
		w.registrations[key{fd: fd}] = r
	}
	return err
}

// drop ends the wait for a descriptor or a target.
func (w *waiter) drop(k key) error {
	r := w.registrations[k]
	if r == nil {
		return nil
	}
	delete(w.registrations, k)
	return r.Unregister()
}

func (w *waiter) setTimer(t *target, d time.Duration) error {
	return w.keep(t)(w.poller.RegisterTicker(d, key{-1, t}))
}

func (w *waiter) setSignal(t *target, sig syscall.Signal) error {
	return w.keep(t)(w.poller.RegisterSignal(sig, key{-1, t}))
}

func (w *waiter) setProcess(t *target, process *os.Process) error {
	return w.keep(t)(w.poller.RegisterProcess(process, key{-1, t}))
}

func (w *waiter) setPath(t *target, path string) error {
	return w.keep(t)(w.poller.RegisterPath(path, key{-1, t}))
}

// keep stores the registration of t, if there was no error.
func (w *waiter) keep(t *target) func(*iomux.Registration[key], error) error {
	return func(r *iomux.Registration[key], err error) error {
		if err == nil {
			w.registrations[key{-1, t}] = r
		}
		return err
	}
}

// wait returns what is ready, nothing after the timeout. A negative timeout never expires.
func (w *waiter) wait(timeout time.Duration) ([]event, error) {
	n, err := w.sleep(timeout)
	w.ready = w.ready[:0]
	for _, e := range w.events[:n] {
		found := event{key: e.Key}
		switch e.Kind {
		case iomux.KindTimer:
			found.ready = expired
		case iomux.KindSignal:
			found.ready = caught
		case iomux.KindProcess:
			found.ready = exited
			if status, known := e.ExitStatus(); known {
				found.status = &status
			}
		case iomux.KindPath:
			found.ready = statesOf(e.Change())
		default:
			found.ready = w.lookCloser(e.Key.fd, toStates(e.Ready))
		}
		w.ready = append(w.ready, found)
	}
	return w.ready, err
}

// sleep fills the events. A Poller returns at once for a negative timeout, so that needs another
// call.
func (w *waiter) sleep(timeout time.Duration) (n int, err error) {
	if timeout < 0 {
		return w.poller.Wait(context.Background(), w.events[:])
	}
	return w.poller.WaitTimeout(w.events[:], timeout)
}

func toStates(ready iomux.Interest) (all states) {
	for _, line := range translations {
		if ready&line.interest != 0 {
			all |= line.state
		}
	}
	return all
}

// lookCloser returns the states that poll(2) reports if the mechanism is select, which reports
// hang-ups and errors as readable or writable.
func (w *waiter) lookCloser(fd int, ready states) states {
	if w.poller.Supports(iomux.Hangup) {
		return ready
	}
	look := []poll.FD{{FD: int32(fd)}}
	for _, line := range translations {
		if ready&line.state != 0 || line.state == readHangup && pollHasReadHangup() {
			look[0].Events |= line.events
		}
	}
	// Some devices of macOS are unknown to poll(2).
	if n, err := poll.Wait(look, 0); n == 0 || err != nil || look[0].Revents&poll.Nval != 0 {
		return ready
	}
	ready = 0
	for _, line := range translations {
		if look[0].Revents&line.events != 0 {
			ready |= line.state
		}
	}
	return ready
}

// pollHasReadHangup reports whether poll(2) of this system has POLLRDHUP. Without it a socket whose
// peer has shut down is only readable.
func pollHasReadHangup() bool {
	_, err := poll.Wait([]poll.FD{{FD: -1, Events: poll.RdHup}}, 0)
	return err == nil
}
