package main

import (
	"errors"
	"time"

	"iomux"
)

// waiter waits on descriptors by one mechanism. It is for one goroutine.
type waiter interface {
	// set begins to await want on fd, or changes what is awaited. Hang-ups and errors are always reported. Where the
	// mechanism has edges (see hasEdges) edge asks for a report of each arrival, not of what is there. It fails with
	// errAlwaysReady for what the kernel has no waiting for.
	set(fd int, want states, edge bool) error
	// drop ends that.
	drop(fd int) error
	// wait returns what is ready, nothing after the timeout; a negative timeout blocks.
	wait(timeout time.Duration) ([]event, error)
}

// event says what is ready on fd.
type event struct {
	fd    int
	ready states
}

var errAlwaysReady = errors.New("always ready")

// makers is how to make a waiter of each mechanism that the command waits by.
var makers = []struct {
	mechanism iomux.Mechanism
	make      func() (waiter, error)
}{
	{iomux.Epoll, newEpollWaiter},
	{iomux.Poll, newPollWaiter},
	{iomux.Select, newSelectWaiter},
}

// hasEdges reports whether waiters of the mechanism tell arrivals from what is there.
func hasEdges(m iomux.Mechanism) bool { return m == iomux.Epoll }

// waitingMechanisms is the names that --mechanism takes on this system, the best first.
func waitingMechanisms() []string {
	var names []string
	for _, maker := range makers {
		if maker.mechanism.Available() {
			names = append(names, maker.mechanism.String())
		}
	}
	return names
}

// newWaiter makes a waiter by the mechanism of that name, or by the best one.
func newWaiter(m iomux.Mechanism) (waiter, error) {
	for _, maker := range makers {
		if maker.mechanism == m {
			return maker.make()
		}
	}
	return nil, errors.ErrUnsupported
}

// eventRoom is how many events are taken at once; what finds no room comes next time.
const eventRoom = 128

// translation is one state as a mechanism spells it.
type translation[E ~uint16 | ~uint32] struct {
	state  states
	events E
}

func toEvents[E ~uint16 | ~uint32](table []translation[E], want states) (events E) {
	for _, line := range table {
		if want&line.state != 0 {
			events |= line.events
		}
	}
	return events
}

func toStates[E ~uint16 | ~uint32](table []translation[E], events E) (ready states) {
	for _, line := range table {
		if events&line.events != 0 {
			ready |= line.state
		}
	}
	return ready
}
