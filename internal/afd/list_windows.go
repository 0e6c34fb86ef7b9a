package afd

import (
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/timeout"
)

// Socket is one of those that a Call waits on.
type Socket struct {
	Handle windows.Handle
	Events Events // what to wait for
	Ready  Events // what is ready
	// Err tells why the handle cannot be waited on: ErrNotSocket, or EBADF where it is not open, or was closed meanwhile.
	Err error

	base  windows.Handle // the driver's own
	place uint32         // in the driver's list
	twin  int            // where the same one comes again, 0 for nowhere
}

// way is a way to ask about a list of sockets, which is refused as a whole where one of them is none. Those whose Err is set are known
// to be bad, and passed over.
type way interface {
	// find sets Err of those that are no sockets.
	find(sockets []Socket)
	// ask sets Ready, and Err of those that are closed meanwhile, and returns how many have something there, bad ones among them. It
	// waits where none are bad. A refusal is why none were asked about.
	ask(sockets []Socket, left time.Duration) (n int, refusal, err error)
}

// most is how many times a list is asked for that is refused, though each of its sockets by itself is not: that one of them was
// closed just then, and its number is a socket's again, does not happen that often.
const most = 10

// patiently waits until one of the sockets has something there, or the time is over. Which of them are bad is not found out before
// the list is refused: one question more for each of them costs more than to ask about all. Strangers are those that are refused by
// themselves, twice, though find says that they are good; they are ErrNotSocket.
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
				w.find(sockets) // it is enough nearly always
				continue
			case most:
				return 0, 0, refusal
			}
			// One was closed in between, or is a stranger. To ask about each of them is as good as an answer for all.
			strangers = oneByOne(w, sockets)
			n = count(sockets)
		}
		if !countdown.Again(n, 0) {
			return n, strangers, nil
		}
	}
}

// oneByOne asks about each of the sockets, without waiting, and returns how many are strangers.
func oneByOne(w way, sockets []Socket) (strangers int) {
	for i := range sockets {
		one := sockets[i : i+1]
		for refusals := 0; one[0].Err == nil; {
			if _, refusal, _ := w.ask(one, 0); refusal == nil { // who asks about all the next time is told of an error
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

// count is how many sockets have something there.
func count(sockets []Socket) (n int) {
	for i := range sockets {
		if sockets[i].Ready != 0 || sockets[i].Err != nil {
			n++
		}
	}
	return n
}
