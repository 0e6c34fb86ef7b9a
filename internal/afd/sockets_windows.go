package afd

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/freelist"
	"iomux/internal/sys"
)

// calls are the Calls that Wait uses again.
var calls freelist.List[*Call]

// Wait waits once, by a Call. Sockets that are not the driver's, since a layer of some product gives out its own, are waited on by
// BySelect.
func Wait(sockets []Socket, d time.Duration) (n int, err error) {
	call := calls.GetOr(func() *Call { return new(Call) })
	defer calls.Put(call)
	if n, err = call.Poll(sockets, d); err != nil {
		return BySelect(sockets, d) // the driver refuses at once, so next to no time is over
	}
	return n, nil
}

// BySelect is Wait by means of Winsock's select(), which the layers above the driver know, too. It cannot tell a hang-up from
// something to read. What only Winsock's select() does not take for a socket is ErrNotSocket.
func BySelect(sockets []Socket, d time.Duration) (n int, err error) {
	if err := Startup(); err != nil {
		return 0, err
	}
	n, _, err = patiently(bySelect{}, sockets, d)
	return n, err
}

type bySelect struct{}

func (bySelect) find(sockets []Socket) {
	for i := range sockets {
		if s := &sockets[i]; s.Err == nil {
			_, s.Err = find(s.Handle)
		}
	}
}

func (bySelect) ask(sockets []Socket, left time.Duration) (n int, refusal, err error) {
	var sets [3]sys.SocketSet
	for i := range sockets {
		s := &sockets[i]
		if isDevice(s.Handle) {
			s.Err = syscall.EBADF // a number that was closed, and is ours now
		}
		if s.Err != nil {
			left = 0
			continue
		}
		for i, events := range [3]Events{readable | RdHup, writable, urgent | Err} {
			if (s.Events|Err)&events != 0 {
				sets[i].Add(int(s.Handle))
			}
		}
	}
	if len(sets[2]) == 0 { // of nothing it does not take
		sleep(left)
		return len(sockets), nil, nil // which all are bad
	}
	if _, errno := sys.SelectSockets(sets[0], sets[1], sets[2], left); errno != 0 {
		err = os.NewSyscallError("select", errno)
		if errno == windows.WSAENOTSOCK || errno == windows.WSAEOPNOTSUPP { // the other one of a file, by Wine
			return 0, err, nil
		}
		return 0, nil, err
	}
	ready := make(map[windows.Handle]Events)
	for i, events := range [3]Events{readable, writable, exceptional} {
		for _, socket := range sets[i].Sockets() {
			ready[windows.Handle(socket)] |= events
		}
	}
	for i := range sockets {
		s := &sockets[i]
		s.Ready = told(s.Handle, ready[s.Handle]) & (s.Events | Err)
	}
	return count(sockets), nil, nil
}

// exceptional stands for the third set of select().
const exceptional Events = 1 << 31

// told is what is ready: the third set holds connections with out-of-band data, and sockets that could not be connected.
func told(socket windows.Handle, ready Events) Events {
	if ready&exceptional == 0 {
		return ready
	}
	if _, err := windows.Getpeername(socket); err != nil {
		return ready&^exceptional | readable | writable | Err | RdHup
	}
	return ready&^exceptional | urgent
}
