//go:build unix || windows

package session

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"iomux"
	"iomux/poll"
)

// waiter waits by a Poller: on descriptors, which may have several targets each, and on what has none and belongs to one. It
// is for one goroutine.
type waiter struct {
	poller        *iomux.Poller[key]
	registrations map[key]*iomux.Registration[key]
	events        [128]iomux.Event[key] // what finds no room comes next time
	ready         []event
}

// key is a descriptor, or a target that waits for a timer, a signal, a process or a path.
type key struct {
	fd     int
	target *target
}

// event says what is ready.
type event struct {
	key
	ready  states
	status *int // of a process, nil if it is not known
}

var errAlwaysReady = errors.New("always ready")

// translations are the states as a Poller spells them, and poll(2).
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

// hasEdges reports whether it tells arrivals from what is there.
func (w *waiter) hasEdges() bool { return w.poller.Supports(iomux.Edge) }

// set begins to await want on fd, or changes what is awaited. Hang-ups and errors are always reported. Where there are edges
// edge asks for a report of each arrival, not of what is there. It fails with errAlwaysReady for what the kernel has no
// waiting for.
func (w *waiter) set(fd int, want states, edge bool) error {
	var interest iomux.Interest
	for _, line := range translations {
		// What cannot be told, such as a hang-up by select, is not asked for.
		if want&line.state != 0 && w.poller.Supports(line.interest) {
			interest |= line.interest
		}
	}
	if edge {
		interest |= iomux.Edge
	}
	if want&priority != 0 && interest&iomux.Priority == 0 {
		return fmt.Errorf("%v cannot tell urgent data on this system: try --mechanism poll", w.poller.Mechanism())
	}
	if r := w.registrations[key{fd: fd}]; r != nil {
		return r.Modify(interest)
	}
	r, err := w.poller.RegisterFD(fd, interest, key{fd: fd})
	switch {
	case err == nil && r.AlwaysReady():
		return errors.Join(errAlwaysReady, r.Unregister())
	case errors.Is(err, iomux.ErrNotPollable) && w.poller.Mechanism() == iomux.Epoll:
		return errAlwaysReady // for nothing that it was asked for
	case errors.Is(err, iomux.ErrNotPollable):
		return fmt.Errorf("%v cannot wait on it: try --mechanism select", w.poller.Mechanism())
	case err == nil:
		w.registrations[key{fd: fd}] = r
	}
	return err
}

// drop ends that, and the wait of a target without a descriptor.
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

// keep takes what registering t has returned.
func (w *waiter) keep(t *target) func(*iomux.Registration[key], error) error {
	return func(r *iomux.Registration[key], err error) error {
		if err == nil {
			w.registrations[key{-1, t}] = r
		}
		return err
	}
}

// wait returns what is ready, nothing after the timeout; a negative timeout blocks.
func (w *waiter) wait(timeout time.Duration) ([]event, error) {
	n, err := w.poller.WaitTimeout(w.events[:], timeout)
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

func toStates(ready iomux.Interest) (all states) {
	for _, line := range translations {
		if ready&line.interest != 0 {
			all |= line.state
		}
	}
	return all
}

// lookCloser asks poll(2) for what select cannot tell: it calls a hang-up and an error readable or writable.
func (w *waiter) lookCloser(fd int, ready states) states {
	if w.poller.Supports(iomux.Hangup) {
		return ready
	}
	look := []poll.FD{{FD: int32(fd)}}
	for _, line := range translations {
		if ready&line.state != 0 || line.state == readHangup && tellsReadHangup() {
			look[0].Events |= line.events
		}
	}
	if n, err := poll.Wait(look, 0); n == 0 || err != nil {
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

// tellsReadHangup is whether this system's poll(2) knows POLLRDHUP. Elsewhere the end of what a socket's peer sends is
// readable, and no more.
func tellsReadHangup() bool {
	_, err := poll.Wait([]poll.FD{{FD: -1, Events: poll.RdHup}}, 0)
	return err == nil
}
