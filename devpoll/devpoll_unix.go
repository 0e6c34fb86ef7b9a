//go:build unix

package devpoll

import (
	"time"
	"unsafe"

	"iomux/internal/devpolldriver"
	"iomux/internal/devpollemu"
)

// emulate returns an emulated Poller. poll(2) waits on its first few descriptors.
func emulate(few int) (*Poller, error) {
	set, err := devpollemu.New(few)
	if err != nil {
		return nil, err
	}
	return &Poller{set: waiting{set}}, nil
}

// drive returns a Poller of a driver: /dev/poll or a model of it.
func drive(driver devpolldriver.Driver) (*Poller, error) {
	set, err := devpolldriver.New(driver)
	if err != nil {
		return nil, err
	}
	return &Poller{set: waiting{set}}, nil
}

// waiter is a set that returns events of package devpollemu.
type waiter interface {
	FD() int
	Len() int
	Register(fd int32, events uint16) error
	Unregister(fd int32) error
	Wait(events []devpollemu.Event, timeout time.Duration) (int, error)
	Close() error
}

// waiting adapts a waiter to a set.
type waiting struct{ waiter }

func (w waiting) Poll(events []Event, timeout time.Duration) (int, error) {
	return w.Wait(unsafe.Slice((*devpollemu.Event)(unsafe.Pointer(unsafe.SliceData(events))), len(events)), timeout)
}

// Event and devpollemu.Event have the same layout, so a list of one is a list of the other.
const _ = -(unsafe.Sizeof(Event{}) ^ unsafe.Sizeof(devpollemu.Event{})) -
	(unsafe.Offsetof(Event{}.Events) ^ unsafe.Offsetof(devpollemu.Event{}.Events))
