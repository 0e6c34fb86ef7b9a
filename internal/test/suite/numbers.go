//go:build unix || windows

package suite

// Numbers pairs the conditions and modes of the suite with the numbers of a mechanism.
type Numbers[N ~uint16 | ~uint32] struct {
	Events        map[Events]N
	Edge, OneShot N // zero if the mechanism lacks the mode
}

// To returns the mechanism's number for conditions and a mode.
func (n Numbers[N]) To(events Events, mode Mode) (number N) {
	for condition, one := range n.Events {
		if events&condition != 0 {
			number |= one
		}
	}
	if mode&Edge != 0 {
		number |= n.Edge
	}
	if mode&OneShot != 0 {
		number |= n.OneShot
	}
	return number
}

// From returns the conditions in a number of the mechanism.
func (n Numbers[N]) From(number N) (events Events) {
	for condition, one := range n.Events {
		if number&one != 0 {
			events |= condition
		}
	}
	return events
}
