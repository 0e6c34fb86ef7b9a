//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import "iomux/kqueue"

// inferred returns the events according to the filters alone.
func (e *entry) inferred() (ready uint32) {
	plain := e.fired & e.plain()
	if plain&reading != 0 {
		ready |= In
	}
	if plain&writing != 0 {
		ready |= Out
	}
	if e.fired&urgent != 0 {
		ready |= Pri
	}
	return ready | e.endings()
}

// endings returns the events that EvEOF and errors stand for. A socket's reading has ended if its
// peer has shut down writing, and the socket is hung up if both directions have ended. The end of a
// pipe is Hup for its reader, and Err for its writer.
func (e *entry) endings() (ready uint32) {
	if e.failed {
		ready |= Err
	}
	if e.kind == socket {
		if e.ended&reading != 0 {
			ready |= In | RdHup
		}
		if e.ended&writing != 0 {
			ready |= Out
		}
		if e.ended != 0 && (e.everEnded == reading|writing || e.failed) {
			ready |= Hup
		}
		return ready
	}
	if e.isEndedWriter() {
		return ready | Out | Err
	}
	if e.ended&reading != 0 || e.ended != 0 && e.kind == pipe {
		ready |= Hup
	}
	if e.ended&writing != 0 && e.kind != pipe {
		ready |= Out | Err
	}
	return ready
}

// isEndedWriter reports whether the descriptor writes to a pipe without a reader. A kernel may
// report it with either filter.
func (e *entry) isEndedWriter() bool {
	if e.kind == pipe {
		return e.ended != 0 && e.events&readable == 0 && e.events&writable != 0
	}
	return e.kind == pipeWriter && e.ended != 0
}

// asLinux returns the events that Linux would report for the filters and the ready events of
// another kernel.
func (e *entry) asLinux(ready uint32) uint32 {
	if e.kind == socket && !pollReportsHangUps {
		ready &^= Hup
	}
	ready |= e.endings()
	if e.kind == socket && ready&Hup != 0 {
		ready |= In | Out | RdHup
	}
	if e.kind.isPipe() && e.drained {
		ready &^= In | RdNorm // the end of an empty pipe is Hup only
	}
	if e.isEndedWriter() {
		ready &^= Hup
	}
	switch e.kind { // a kernel may report the other direction at the end
	case pipe:
		if !e.isEndedWriter() {
			ready &^= Err
		}
	case pipeReader:
		ready &^= Out | WrNorm | Err
	case pipeWriter:
		ready &^= In | RdNorm
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
	return e.requested(ready)
}

// requested returns the events of ready that the registration reports.
func (e *entry) requested(ready uint32) uint32 { return ready & (e.events | Err | Hup) &^ modes }

// note records the event of a filter.
func (e *entry) note(event *kqueue.Event) {
	slot := bitOf(event.Filter)
	e.fired |= slot
	if event.Flags&kqueue.EvEOF != 0 {
		e.ended |= slot
		e.everEnded |= slot
		e.drained = e.drained || slot == reading && event.Data == 0
	}
	if event.Flags&kqueue.EvOneShot != 0 { // which no filter requests
		e.lost |= slot
	}
	e.failed = e.failed || slot != urgent && event.Fflags != 0
}
