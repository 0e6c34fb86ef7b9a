package epollemu_test

import (
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/epollemu"
	"iomux/internal/sys"
)

// wait compares the events of both epolls. It repeats a wait that differs, because TCP may deliver
// an event a moment later.
func (c *comparison) wait() {
	kernel, ours := make(map[uint64]uint32), make(map[uint64]uint32)
	for start := time.Now(); ; c.total.repeated++ {
		polled := c.poll()
		c.take(kernel, ours)
		c.excuse(kernel, ours)
		if equal(kernel, ours) && contains(kernel, polled) {
			break
		}
		if time.Since(start) > 100*time.Millisecond {
			c.t.Errorf("events are %v, the kernel reports %v, and poll(2) %v\n%v", describe(ours), describe(kernel), describe(polled), c.trace)
			break
		}
		time.Sleep(time.Millisecond)
	}
	c.total.events += len(kernel)
	for data, events := range kernel {
		s := &c.filterSet[int(data)-700]
		s.repeatable |= events & (room | ends)
		s.armed = s.armed && s.events&epollemu.OneShot == 0
	}
	if len(kernel) > 0 {
		c.note("reported %v", describe(kernel))
	}
}

// excuse removes events of an edge-triggered descriptor that only one of the two repeats, and that
// both have reported since it was registered. These are room that was not used up, and the end of a
// connection. An arrival that was not requested, or was read before the wait, makes the kernel
// repeat the room. An arrival after the end makes the emulation repeat the end.
func (c *comparison) excuse(kernel, ours map[uint64]uint32) {
	for _, pair := range [2][2]map[uint64]uint32{{kernel, ours}, {ours, kernel}} {
		for data, events := range pair[0] {
			s := &c.filterSet[int(data)-700]
			if s.events&epollemu.ET != 0 && pair[1][data] == 0 && events&^s.repeatable == 0 {
				delete(pair[0], data)
				c.total.excused++
			}
		}
	}
}

const (
	room = epollemu.Out | epollemu.WrNorm | epollemu.WrBand
	ends = epollemu.Hup | epollemu.RdHup
)

func (c *comparison) take(kernel, ours map[uint64]uint32) {
	var theirs [16]unix.EpollEvent
	n, err := unix.EpollWait(c.kernel, theirs[:], 0)
	must(c.t, err)
	for _, event := range theirs[:n] {
		kernel[uint64(event.Fd)] |= event.Events
	}
	var emulated [16]epollemu.Event
	n, err = c.ours.Take(emulated[:], 0)
	must(c.t, err)
	for _, event := range emulated[:n] {
		ours[event.Data] |= event.Events
	}
}

// poll returns what poll(2) reports of the level-triggered registrations.
func (c *comparison) poll() map[uint64]uint32 {
	ready := make(map[uint64]uint32)
	for i := range c.filterSet {
		s := &c.filterSet[i]
		if s.events == 0 || !s.armed || s.events&(epollemu.ET|epollemu.OneShot) != 0 {
			continue
		}
		list := []sys.PollFD{{FD: int32(s.fd), Events: uint16(s.events)}}
		for errno := unix.EINTR; errno == unix.EINTR; {
			_, errno = sys.Poll(list, 0)
		}
		c.total.results++
		if list[0].Revents != 0 {
			ready[uint64(s.fd)] = uint32(list[0].Revents)
		}
	}
	return ready
}

// contains reports whether the kernel's epoll has all events that poll(2) reported just before.
func contains(kernel, polled map[uint64]uint32) bool {
	for data, ready := range polled {
		if ready&^kernel[data] != 0 {
			return false
		}
	}
	return true
}

func equal(a, b map[uint64]uint32) bool {
	for data, events := range a {
		if b[data] != events {
			return false
		}
	}
	return len(a) == len(b)
}

func describe(all map[uint64]uint32) map[uint64]string {
	readable := make(map[uint64]string)
	for data, events := range all {
		readable[data] = names(events)
	}
	return readable
}
