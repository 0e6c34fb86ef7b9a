package afd

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/freelist"
	"iomux/internal/sys"
)

// calls holds unused Calls for Wait.
var calls freelist.List[*Call]

// Wait waits once, using a Call. If a socket is unknown to the driver, because it belongs to a
// layer of another product, Wait uses BySelect.
func Wait(sockets []Socket, d time.Duration) (n int, err error) {
	call := calls.GetOr(func() *Call { return new(Call) })
	defer calls.Put(call)
	if n, err = call.Poll(sockets, d); err != nil {
		return BySelect(sockets, d) // the driver has refused at once, so d is still right
	}
	return n, nil
}

// BySelect waits once, using Winsock's select, which the layers above the driver also support. It
// reports a hang-up as readable. The Err of a socket that only select refuses is ErrNotSocket.
func BySelect(sockets []Socket, d time.Duration) (n int, err error) {
	if err := Startup(); err != nil {
		return 0, err
	}
	n, _, err = pollList(bySelect{}, sockets, d)
	return n, err
}

type bySelect struct{}

func (bySelect) check(sockets []Socket) {
	for i := range sockets {
		if s := &sockets[i]; s.Err == nil {
			_, s.Err = baseOf(s.Handle)
		}
	}
}

func (bySelect) pollOnce(sockets []Socket, left time.Duration) (n int, refusal, err error) {
	var sets [3]sys.SocketSet
	for i := range sockets {
		s := &sockets[i]
		if isDevice(s.Handle) {
			s.Err = syscall.EBADF // a device has the number of a closed socket
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
	if len(sets[2]) == 0 { // select refuses empty sets
		sleep(left)
		return len(sockets), nil, nil // all have an Err
	}
	if _, errno := sys.SelectSockets(sets[0], sets[1], sets[2], left); errno != 0 {
		err = os.NewSyscallError("select", errno)
		// Wine returns the second error for a file.
		if errno == windows.WSAENOTSOCK || errno == windows.WSAEOPNOTSUPP {
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
		s.Ready = conditions(s.Handle, ready[s.Handle]) & (s.Events | Err)
	}
	return count(sockets), nil, nil
}

// exceptional stands for the third set of select.
const exceptional Events = 1 << 31

// conditions returns the conditions of a socket. The third set holds connections with out-of-band
// data, and sockets whose connection has failed.
func conditions(socket windows.Handle, ready Events) Events {
	if ready&exceptional == 0 {
		return ready
	}
	if _, err := windows.Getpeername(socket); err != nil {
		return ready&^exceptional | readable | writable | Err | RdHup
	}
	return ready&^exceptional | urgent
}
