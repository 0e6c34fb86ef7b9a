package iomux

import (
	"math"
	"strconv"
)

// Kind tells what an event is about.
type Kind uint8

// The kinds.
const (
	KindIO      Kind = iota // a descriptor is ready: Event.Ready tells for what
	KindTimer               // a timer has expired: Event.Status tells how often since the last event
	KindSignal              // a signal has arrived: Event.Status is its number
	KindProcess             // a process has exited: Event.Status tells how
)

var kindNames = [...]string{KindIO: "io", KindTimer: "timer", KindSignal: "signal", KindProcess: "process"}

// String is io, timer, signal or process.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// StatusUnknown is the Status of a process that has exited, where the kernel does not tell how: Linux tells a process that is
// not the parent nothing until the parent has reaped its child.
const StatusUnknown = math.MinInt

// Event is one source that is ready.
type Event[K any] struct {
	Key   K        // as it was given to Register
	Ready Interest // what is ready; empty unless Kind is KindIO
	Kind  Kind
	// Status is the number of expirations of a timer, the number of a signal, or of a process its exit status: 0 or more, the
	// number of the signal that killed it with a minus sign, or StatusUnknown.
	Status int
	// Registration is what Register returned.
	Registration *Registration[K]
}
