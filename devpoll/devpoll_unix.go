//go:build unix

package devpoll

import (
	"time"
	"unsafe"

	"iomux/internal/devpolldriver"
	"iomux/internal/devpollemu"
)

// emulate makes a Poller of which the first few descriptors are left to poll(2).
func emulate(few int) (*Poller, error) {
	set, err := devpollemu.New(few)
	if err != nil {
		return nil, err
	}
	return &Poller{set: waiting{set}}, nil
}

// drive makes a Poller of a driver, /dev/poll or what is like it.
func drive(driver devpolldriver.Driver) (*Poller, error) {
	set, err := devpolldriver.New(driver)
	if err != nil {
		return nil, err
	}
	return &Poller{set: waiting{set}}, nil
}

// waiter is what a set is but for the type of its events, which are pollset's.
type waiter interface {
	FD() int
	Len() int
	Register(fd int32, events uint16) error
	Unregister(fd int32) error
	Wait(events []devpollemu.Event, timeout time.Duration) (int, error)
	Close() error
}

// waiting makes a set of a waiter.
type waiting struct{ waiter }

func (w waiting) Poll(events []Event, timeout time.Duration) (int, error) {
	return w.Wait(unsafe.Slice((*devpollemu.Event)(unsafe.Pointer(unsafe.SliceData(events))), len(events)), timeout)
}

// Event and devpollemu.Event are the same in memory, so a list of the one is a list of the other.
const _ = -(unsafe.Sizeof(Event{}) ^ unsafe.Sizeof(devpollemu.Event{})) -
	(unsafe.Offsetof(Event{}.Events) ^ unsafe.Offsetof(devpollemu.Event{}.Events))
