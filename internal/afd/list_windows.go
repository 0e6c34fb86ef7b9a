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
	next  int            // index of the next entry with the same socket, or 0
}

// listPoller polls a list of sockets. It refuses a list as a whole if one handle is not a socket,
// and skips entries whose Err is set.
type listPoller interface {
	// check sets Err of the entries that are not sockets.
	check(sockets []Socket)
	// pollOnce sets Ready, and Err of closed sockets. It returns the number of entries with
	// Ready or Err. It waits if no entry has an Err. refusal is the reason why the whole list
	// was refused.
	pollOnce(sockets []Socket, left time.Duration) (n int, refusal, err error)
}

// maxRefusals is the number of refusals after which pollList gives up. A refusal without a bad
// entry means that a socket was closed at that moment and its number reused, which does not happen
// often.
const maxRefusals = 10

// pollList waits until an entry has a result, or the timeout expires. It searches for bad entries
// only after a refusal, because checking each socket costs more than polling all of them.
//
// foreign counts the entries that check accepts, but that are refused twice in a list of their own.
// Their Err is ErrNotSocket.
func pollList(w listPoller, sockets []Socket, d time.Duration) (n, foreign int, err error) {
	for i := range sockets {
		s := &sockets[i]
		*s = Socket{Handle: s.Handle, Events: s.Events, base: s.Handle}
	}
	refusals := 0
	for countdown := timeout.Start(d); ; {
		n, refusal, err := w.pollOnce(sockets, countdown.Left())
		if err != nil {
			return 0, 0, err
		}
		if refusal != nil {
			switch refusals++; refusals {
			case 1:
				w.check(sockets) // nearly always enough
				continue
			case maxRefusals:
				return 0, 0, refusal
			}
			// A socket was closed in between, or is a foreign one. Polling each one
			// has the same result as polling all.
			foreign = pollEach(w, sockets)
			n = count(sockets)
		}
		if !countdown.Again(n, 0) {
			return n, foreign, nil
		}
	}
}

// pollEach polls each socket alone without waiting, and returns the number of foreign ones.
func pollEach(w listPoller, sockets []Socket) (foreign int) {
	for i := range sockets {
		one := sockets[i : i+1]
		for refusals := 0; one[0].Err == nil; {
			// The next call for all sockets reports an error.
			if _, refusal, _ := w.pollOnce(one, 0); refusal == nil {
				break
			}
			if w.check(one); one[0].Err != nil {
				break
			}
			if refusals++; refusals == 2 {
				one[0].Err = ErrNotSocket
				foreign++
			}
		}
	}
	return foreign
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
