package poll

import (
	"errors"
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
	"iomux/internal/freelist"
)

// Native reports whether the kernel of this system has poll(2).
const Native = false

// driver holds the events of the AFD driver. They have the same numbers in package afd.
const driver = In | Pri | Out | Err | Hup | RdHup | RdNorm | RdBand | WrNorm

// lists holds unused lists of sockets.
var lists freelist.List[*[]afd.Socket]

func wait(fds []FD, d time.Duration) (int, error) {
	kept := lists.GetOr(func() *[]afd.Socket { return new([]afd.Socket) })
	defer lists.Put(kept)
	list := (*kept)[:0]
	for i := range fds {
		fds[i].Revents = 0
		if fds[i].FD >= 0 {
			list = append(list, afd.Socket{Handle: windows.Handle(fds[i].FD), Events: afd.Events(fds[i].Events & driver)})
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
			fds[i].Revents = Events(s.Ready) & (fds[i].Events | Err | Hup)
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
