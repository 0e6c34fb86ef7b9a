//go:build aix || linux || solaris

package epollemu

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/eventport"
	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Take waits until a registered descriptor is ready or the timeout expires, stores the events in
// events and returns their number. A negative timeout blocks. Take does not allocate, unless events
// has more room than ever before. Its errors are EINVAL if events is empty, os.ErrClosed and those
// of port_getn(3C).
func (p *Ports) Take(events []Event, d time.Duration) (int, error) {
	at, err := p.port.Acquire()
	if err != nil {
		return 0, err
	}
	n, err := p.take(at, events, d)
	if p.port.Done() && n == 0 {
		return 0, os.ErrClosed
	}
	return n, err
}

func (p *Ports) take(at int, events []Event, d time.Duration) (int, error) {
	if len(events) == 0 {
		return 0, unix.EINVAL
	}
	taken, list := p.rooms.Get(min(len(events), maxRoom)), p.lists.Get(min(len(events), maxRoom))
	defer func() { p.rooms.Put(taken); p.lists.Put(list) }()
	for countdown := timeout.Start(d); ; {
		n, got, errno := p.look(at, taken, list, events)
		left, call := countdown.Left(), "port_getn"
		switch {
		case n > 0 || p.port.Closed():
			return n, nil
		case errno != 0:
		case got == 0 && left == 0, got > 0 && !countdown.LookAgain(uint64(taken[0].Object)):
			return 0, nil
		case got == 0:
			errno, call = p.calls.Sleep(at, left), "poll"
		}
		if errno != 0 && !countdown.Again(0, errno) {
			return 0, os.NewSyscallError(call, errno)
		}
	}
}

// look takes events without waiting. It keeps the lock until their descriptors are associated
// again, so no other look misses one of them.
func (p *Ports) look(at int, taken []eventport.Event, list []sys.PollFD, events []Event) (n, got int, errno syscall.Errno) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retry(at)
	got, errno = p.calls.Get(at, taken)
	return p.confirm(at, taken[:got], list, events), got, errno
}

// confirm polls the reported descriptors with poll(2), and stores their events.
func (p *Ports) confirm(at int, taken []eventport.Event, list []sys.PollFD, events []Event) (kept int) {
	requested := p.collect(at, taken, list[:0], events)
	pollAll(requested)
	for i, entry := range p.found {
		fd := events[i].FD
		if ready := p.settle(at, fd, entry, requested[i].Revents); ready != 0 {
			events[kept] = Event{Events: ready, FD: fd, Data: entry.data}
			kept++
		}
	}
	return kept
}

// collect finds the entries of the port's events, and appends an entry for poll(2) for each of
// them.
func (p *Ports) collect(at int, taken []eventport.Event, requested []sys.PollFD, events []Event) []sys.PollFD {
	p.found = p.found[:0]
	for _, event := range taken {
		if event.Source != eventport.SourceFD {
			if p.port.Closed() {
				_ = p.calls.Send(at) // wakes the next goroutine in Take
			}
			continue
		}
		fd := int32(event.Object)
		entry := p.entries.Get(fd)
		if entry == nil || entry.disarmed {
			continue
		}
		events[len(p.found)].FD = fd
		p.found = append(p.found, entry)
		// If poll(2) fails, the report of the port remains.
		requested = append(requested, sys.PollFD{FD: fd, Events: toPoll(entry.events), Revents: uint16(event.Events)})
	}
	return requested
}

// settle returns the events to report of a descriptor. It associates the descriptor again, or
// silences a one-shot registration.
func (p *Ports) settle(at int, fd int32, entry *association, result uint16) uint32 {
	// A list for poll(2) does not detect that a number was closed, or belongs to another file.
	if f, errno := fileOf(int(fd)); errno != 0 || f != entry.file {
		p.entries.Set(fd, nil)
		_ = p.calls.Dissociate(at, fd)
		return 0
	}
	ready := fromPoll(result)
	if !pollReportsRdHup && entry.events&RdHup != 0 && (ready&Hup != 0 || ready&In != 0 && hasEnded(int(fd))) {
		ready |= RdHup
	}
	ready &= (entry.events | Err | Hup) &^ modes
	if ready != 0 && entry.events&OneShot != 0 {
		entry.disarmed = true
		return ready
	}
	p.again(at, fd, entry)
	return ready
}

// hasEnded reports whether the peer has shut down a stream, and all of its data was read.
func hasEnded(fd int) bool {
	var one [1]byte
	n, _, err := unix.Recvfrom(fd, one[:], unix.MSG_PEEK|sys.MsgDontWait)
	return n == 0 && err == nil
}

// again associates a descriptor again.
func (p *Ports) again(at int, fd int32, entry *association) {
	switch errno := p.calls.Associate(at, fd, toPoll(entry.events)); errno {
	case 0:
	case unix.EBADF, eventport.EBADFD:
		p.entries.Set(fd, nil)
	default:
		p.failed = append(p.failed, fd)
	}
}

// retry associates the descriptors for which again failed.
func (p *Ports) retry(at int) {
	failed := p.failed
	p.failed = nil
	for _, fd := range failed {
		if entry := p.entries.Get(fd); entry != nil && !entry.disarmed {
			p.again(at, fd, entry)
		}
	}
}
