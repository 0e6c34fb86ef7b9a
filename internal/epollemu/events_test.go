//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"testing"

	"iomux/kqueue"
)

// TestNativeKernels checks entries with the results of poll(2) and of the filters of BSD kernels.
// The comments name the kernel and the situation.
func TestNativeKernels(t *testing.T) {
	const all = In | Out | RdHup | RdNorm | WrNorm | WrBand
	for _, c := range []struct {
		name   string
		kind   kind
		fired  filterSet
		ended  filterSet
		failed bool
		empty  bool
		events uint32
		poll   uint32
		want   uint32
	}{
		// FreeBSD clears POLLOUT if POLLHUP is set. No BSD reports POLLERR of a socket.
		{"refused connection", socket, reading | writing, reading | writing, true, true, In | Out | RdHup, In | Hup, In | Out | Err | Hup | RdHup},
		// NetBSD does not report POLLHUP of a socket.
		{"socket shut down in both directions", socket, reading | writing, reading | writing, false, true, In | Out | RdHup, In | Out, In | Out | Hup | RdHup},
		{"socket whose peer shut down writing", socket, reading, reading, false, true, In | Out | RdHup, In | Out, In | Out | RdHup},
		{"the same without RdHup", socket, reading, reading, false, true, In, In, In},
		{"readable socket", socket, reading, 0, false, false, all, In | Out, In | Out | RdNorm | WrNorm | WrBand},
		// DragonFly's poll reports nothing at the end of a pipe. Other systems also report
		// In.
		{"pipe without a writer on DragonFly", pipe, reading, reading, false, true, In, 0, Hup},
		{"pipe without a writer", pipe, reading, reading, false, true, In, In | Hup, Hup},
		{"pipe without a writer, with data", pipe, reading, reading, false, false, In, In | Hup, In | Hup},
		{"pipe without a reader on DragonFly", pipe, writing, writing, false, false, Out, 0, Out | Err},
		// NetBSD reports it only with the filter for reading.
		{"pipe without a reader on NetBSD", pipe, reading, reading, false, true, Out, Hup, Out | Err},
		{"pipe without a reader on FreeBSD", pipe, writing, writing, false, false, Out, Hup, Out | Err},
		{"writing end without a reader, registered for nothing", pipeWriter, reading, reading, false, true, 0, Hup, Err},
		{"writing end without a reader, registered for In", pipeWriter, reading, reading, false, true, In, In | Hup, Err},
		{"reading end without a writer on NetBSD", pipeReader, reading | writing, reading | writing, false, true, In | Out, Out | Hup, Hup},
		{"reading end without a writer, registered for Out", pipeReader, reading, reading, false, true, Out, Hup, Hup},
		{"pipe without its other end on FreeBSD, registered for both", pipe, writing, writing, false, false, In | Out, Hup, Hup},
		{"pipe without its other end on DragonFly, registered for both", pipe, reading | writing, reading | writing, false, true, In | Out, Hup | Err, Hup},
		{"pipe without its other end, without the answer of poll", pipe, writing, writing, false, false, In | Out, 0, Hup},
		{"socket that has shut down writing", socket, writing, writing, false, false, Out, Out, Out},
		{"pipe with room", pipe, writing, 0, false, false, all, Out, Out | WrNorm},
		{"terminal without a peer", other, reading, reading, false, true, In, In | Hup, In | Hup},
	} {
		e := &entry{events: c.events, kind: c.kind, fired: c.fired, ended: c.ended, everEnded: c.ended, failed: c.failed, drained: c.empty}
		if got := e.asLinux(c.poll); got != c.want {
			t.Errorf("%s: %#x, want %#x", c.name, got, c.want)
		}
	}
}

func TestDirectionsOfASocketEndOneAfterTheOther(t *testing.T) {
	e := &entry{events: Out, kind: socket}
	e.note(&kqueue.Event{Filter: kqueue.FilterWrite, Flags: kqueue.EvEOF})
	if got := e.asLinux(Out); got != Out {
		t.Errorf("after the end of writing: %#x, want Out", got)
	}
	e.fired, e.ended = 0, 0 // the next round
	e.note(&kqueue.Event{Filter: kqueue.FilterRead, Flags: kqueue.EvEOF})
	if got := e.asLinux(Out); got != Out|Hup {
		t.Errorf("after the end of reading: %#x, want Out|Hup", got)
	}
}
