//go:build unix

package devpoll

import (
	"time"
	"unsafe"

	"iomux/internal/pollset"
)

// emulate makes a Poller of which the first few descriptors are left to poll(2).
func emulate(few int) (*Poller, error) {
	set, err := pollset.New(few)
	if err != nil {
		return nil, err
	}
	return &Poller{set: emulation{set}}, nil
}

type emulation struct{ *pollset.Set }

// Event and pollset.Event are the same in memory, so a list of the one is a list of the other.
const _ = -(unsafe.Sizeof(Event{}) ^ unsafe.Sizeof(pollset.Event{})) -
	(unsafe.Offsetof(Event{}.Events) ^ unsafe.Offsetof(pollset.Event{}.Events))

func (e emulation) Poll(events []Event, timeout time.Duration) (int, error) {
	return e.Set.Wait(unsafe.Slice((*pollset.Event)(unsafe.Pointer(unsafe.SliceData(events))), len(events)), timeout)
}
