package sys

// PollFD has the layout of struct pollfd on every system.
type PollFD struct {
	FD      int32
	Events  uint16
	Revents uint16
}

// rawLimit is the number of descriptors up to which a poll(2) or select(2) that does not wait is made without telling the
// Go scheduler. That saves a third of the time of one descriptor, and a fifth of that of a thousand, as the scheduler gives
// the processor to another thread when a call takes longer than 20 µs. Above, the call itself holds the processor, and up
// the garbage collector, for longer than is seemly.
const rawLimit = 1024
