package poll

import (
	"errors"
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
)

// Native tells whether the kernel of this system has poll(2).
const Native = false

// Events that the driver does not tell apart have another's name there. The other numbers are the same here and there.
const (
	same  = In | Pri | Out | Err | Hup | RdHup
	asIn  = RdNorm
	asOut = WrNorm
	asPri = RdBand
)

// lists are those of the sockets that waits use.
var lists afd.Spare[[]afd.Socket]

func wait(fds []FD, d time.Duration) (int, error) {
	kept := lists.Take()
	defer lists.Give(kept)
	list := (*kept)[:0]
	for i := range fds {
		fds[i].Revents = 0
		if fds[i].FD >= 0 {
			list = append(list, afd.Socket{Handle: windows.Handle(fds[i].FD), Events: toDriver(fds[i].Events)})
		}
	}
	*kept = list
	n, err := afd.Wait(list, d)
	if err != nil {
		return 0, err
	}
	var others []int
	for i := range fds {
		if fds[i].FD < 0 {
			continue
		}
		switch s := list[0]; {
		case s.Err == nil:
			fds[i].Revents = fromDriver(s.Ready) & (fds[i].Events | Err | Hup)
		case errors.Is(s.Err, afd.ErrNotSocket):
			others = append(others, int(fds[i].FD))
		default:
			fds[i].Revents = Nval
		}
		list = list[1:]
	}
	if others != nil {
		return 0, &afd.NotSocketsError{Call: "poll", Handles: others}
	}
	return n, nil
}

func toDriver(events Events) afd.Events {
	asked := afd.Events(events & same)
	if events&asIn != 0 {
		asked |= afd.In
	}
	if events&asOut != 0 {
		asked |= afd.Out
	}
	if events&asPri != 0 {
		asked |= afd.Pri
	}
	return asked
}

func fromDriver(ready afd.Events) Events {
	events := Events(ready) & same
	if ready&afd.In != 0 {
		events |= asIn
	}
	if ready&afd.Out != 0 {
		events |= asOut
	}
	if ready&afd.Pri != 0 {
		events |= asPri
	}
	return events
}
