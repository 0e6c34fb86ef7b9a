//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"iomux/internal/sys"
	"iomux/kqueue"
)

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

	exclusiveAllows = In | Out | Err | Hup | WakeUp | ET | Exclusive
)

// conditions are the events that poll(2) knows, with its numbers on this system.
var conditions = [...]struct {
	epoll uint32
	poll  uint16
}{
	{In, sys.PollIn}, {Pri, sys.PollPri}, {Out, sys.PollOut}, {Err, sys.PollErr}, {Hup, sys.PollHup},
	{RdNorm, sys.PollRdNorm}, {RdBand, sys.PollRdBand}, {WrNorm, sys.PollWrNorm}, {WrBand, sys.PollWrBand},
	{RdHup, sys.PollRdHup},
}

// toPoll returns what to ask poll(2) for, without what this system lacks.
func toPoll(events uint32) (asked uint16) {
	for _, condition := range conditions {
		if events&condition.epoll != 0 && condition.poll != sys.PollAbsent {
			asked |= condition.poll
		}
	}
	return asked
}

func fromPoll(answer uint16) (events uint32) {
	for _, condition := range conditions {
		if answer&condition.poll != 0 && condition.poll != sys.PollAbsent {
			events |= condition.epoll
		}
	}
	return events
}

// inferred returns what the filters report by themselves.
func (e *entry) inferred() (ready uint32) {
	if e.fired&reading != 0 && isPlain(reading, e.events) {
		ready |= In
	}
	if e.fired&writing != 0 {
		ready |= Out
	}
	if e.fired&urgent != 0 {
		ready |= Pri
	}
	return ready | e.endings()
}

// endings returns what EvEOF and errors mean. A socket has ended for reading if its peer has shut
// down writing, and hung up if both directions have ended. A pipe hangs up its reader, and fails its
// writer.
func (e *entry) endings() (ready uint32) {
	if e.failed {
		ready |= Err
	}
	if e.kind == socket {
		if e.ended&reading != 0 {
			ready |= In | RdHup
		}
		if e.ended == reading|writing || e.failed && e.ended != 0 {
			ready |= Hup
		}
		return ready
	}
	if e.isEndedWriter() {
		return ready | Out | Err
	}
	if e.ended&reading != 0 {
		ready |= Hup
	}
	if e.ended&writing != 0 {
		ready |= Out | Err
	}
	return ready
}

// isEndedWriter reports whether the descriptor writes to a pipe without a reader. A kernel may report
// it with either filter.
func (e *entry) isEndedWriter() bool {
	return e.kind == pipe && e.ended != 0 && e.events&readable == 0 && e.events&writable != 0
}

// asLinux returns what Linux would report if a kernel of its own reports ready and the filters.
func (e *entry) asLinux(ready uint32, native bool) uint32 {
	if native {
		ready |= e.endings()
		if e.kind == socket && ready&Hup != 0 {
			ready |= In | Out | RdHup
		}
		if e.kind == pipe && e.drained {
			ready &^= In | RdNorm // an ended pipe with nothing in it hangs up only
		}
		if e.isEndedWriter() {
			ready &^= Hup
		}
		if ready&In != 0 {
			ready |= RdNorm
		}
		if ready&Out != 0 {
			ready |= WrNorm
		}
		if e.kind == socket && ready&Out != 0 {
			ready |= WrBand
		}
	}
	return ready & (e.events | Err | Hup) &^ modes
}

// note adds what a filter's event reports.
func (e *entry) note(event *kqueue.Event) {
	slot := slotOf(event.Filter)
	e.fired |= slot
	if event.Flags&kqueue.EvEOF != 0 {
		e.ended |= slot
		e.drained = e.drained || slot == reading && event.Data == 0
	}
	e.failed = e.failed || slot != urgent && event.Fflags != 0
}
