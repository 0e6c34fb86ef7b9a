package afd

import (
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/timeout"
)

// Socket is an entry of the list of a Call.
type Socket struct {
	Handle windows.Handle
	Events Events // what to wait for
	Ready  Events // what is ready
	// Err is the reason why the handle cannot be waited on: ErrNotSocket, or EBADF if it is
	// closed.
	Err error

	base  windows.Handle // of the driver
	place uint32         // in the driver's list
	twin  int            // index of the next entry with the same socket, or 0
}

// way polls a list of sockets. A list is refused as a whole if one handle is not a
// socket. Entries whose Err is set are skipped.
type way interface {
	// find sets Err of the entries that are not sockets.
	find(sockets []Socket)
	// ask sets Ready, and Err of closed sockets. It returns the number of entries with Ready or
	// Err. It waits if no entry has an Err. refusal is the reason why the whole list was
	// refused.
	ask(sockets []Socket, left time.Duration) (n int, refusal, err error)
}

// most is the number of refusals after which patiently gives up. A refusal without a bad entry
// means that a socket was closed at that moment and its number reused, which does not happen often.
const most = 10

// patiently waits until an entry has a result, or the timeout expires. It searches for bad entries
// only after a refusal, because checking each socket costs more than polling all of them.
//
// A stranger is an entry that find accepts, but that is refused twice in a list of its own. Its Err
// is ErrNotSocket.
func patiently(w way, sockets []Socket, d time.Duration) (n, strangers int, err error) {
	for i := range sockets {
		s := &sockets[i]
		*s = Socket{Handle: s.Handle, Events: s.Events, base: s.Handle}
	}
	refusals := 0
	for countdown := timeout.Start(d); ; {
		n, refusal, err := w.ask(sockets, countdown.Left())
		if err != nil {
			return 0, 0, err
		}
		if refusal != nil {
			switch refusals++; refusals {
			case 1:
				w.find(sockets) // nearly always enough
				continue
			case most:
				return 0, 0, refusal
			}
			// A socket was closed in between, or is a stranger. Polling each one has
			// the same result as polling all.
			strangers = oneByOne(w, sockets)
			n = count(sockets)
		}
		if !countdown.Again(n, 0) {
			return n, strangers, nil
		}
	}
}

// oneByOne polls each socket alone without waiting, and returns the number of strangers.
func oneByOne(w way, sockets []Socket) (strangers int) {
	for i := range sockets {
		one := sockets[i : i+1]
		for refusals := 0; one[0].Err == nil; {
			// The next call for all sockets reports an error.
			if _, refusal, _ := w.ask(one, 0); refusal == nil {
				break
			}
			if w.find(one); one[0].Err != nil {
				break
			}
			if refusals++; refusals == 2 {
				one[0].Err = ErrNotSocket
				strangers++
			}
		}
	}
	return strangers
}

// count returns the number of entries with a result.
func count(sockets []Socket) (n int) {
	for i := range sockets {
		if sockets[i].Ready != 0 || sockets[i].Err != nil {
			n++
		}
	}
	return n
}
