package sys

// PollFD has the layout of struct pollfd on every system.
type PollFD struct {
	FD      int32
	Events  uint16
	Revents uint16
}

// rawLimit is the number of descriptors up to which a poll(2) or select(2) that does not wait is made without telling the
// Go scheduler, which saves a third of the time. Above, the call itself holds the processor for so long that the saving
// vanishes and other goroutines would notice.
const rawLimit = 100
