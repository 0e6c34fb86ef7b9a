//go:build unix

package epollemu

import "iomux/internal/sys"

// Event is a ready descriptor.
type Event struct {
	Events uint32 // with the numbers of <sys/epoll.h>
	FD     int32
	Data   uint64 // the data of the registration
}

// The numbers of <sys/epoll.h>.
const (
	In        uint32 = 0x1
	Pri       uint32 = 0x2
	Out       uint32 = 0x4
	Err       uint32 = 0x8
	Hup       uint32 = 0x10
	RdNorm    uint32 = 0x40
	RdBand    uint32 = 0x80
	WrNorm    uint32 = 0x100
	WrBand    uint32 = 0x200
	RdHup     uint32 = 0x2000
	Exclusive uint32 = 0x10000000
	WakeUp    uint32 = 0x20000000
	OneShot   uint32 = 0x40000000
	ET        uint32 = 0x80000000

	readable = In | RdNorm
	writable = Out | WrNorm | WrBand
	modes    = Exclusive | WakeUp | OneShot | ET
)

// conditions holds the events of poll(2), with this system's numbers.
var conditions = [...]struct {
	epoll uint32
	poll  uint16
}{
	{In, sys.PollIn}, {Pri, sys.PollPri}, {Out, sys.PollOut}, {Err, sys.PollErr}, {Hup, sys.PollHup},
	{RdNorm, sys.PollRdNorm}, {RdBand, sys.PollRdBand}, {WrNorm, sys.PollWrNorm}, {WrBand, sys.PollWrBand},
	{RdHup, sys.PollRdHup},
}

// toPoll returns the events to request from poll(2), except those that this system lacks.
func toPoll(events uint32) (requested uint16) {
	for _, condition := range conditions {
		if events&condition.epoll != 0 && condition.poll != sys.PollAbsent {
			requested |= condition.poll
		}
	}
	return requested
}

func fromPoll(result uint16) (events uint32) {
	for _, condition := range conditions {
		if result&condition.poll != 0 && condition.poll != sys.PollAbsent {
			events |= condition.epoll
		}
	}
	return events
}
