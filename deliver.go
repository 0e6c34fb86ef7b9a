package iomux

import "iomux/epoll"

// posting is an event that does not come from the kernel: of a source without a descriptor, or put back.
type posting[K any] struct {
	registration *Registration[K]
	tag          uint32
	ready        Interest
	status       int
}

// deliver makes events of what the kernel has told, and of what is pending, as far as there is room. What the kernel has told
// of registrations that are no more is dropped.
func (p *Poller[K]) deliver(b *batch, events []Event[K]) (n int, err error) {
	for i := range b.events[:b.n] {
		event := &b.events[i]
		r := p.table.get(event.FD)
		switch {
		case event.Tag == bellTag:
		case r == nil || !p.isOf(r, event.Tag):
			p.stale++
		case p.fill(&events[n], r, event.Events):
			n++
		}
	}
	// A few stale events come of goroutines that work side by side. Many come of a registration that cannot be removed.
	if p.orphans > 0 && p.stale > 8+p.count/64 {
		err = p.renew()
	}
	if p.pending.Load() > 0 {
		n += p.deliverPending(events[n:])
	}
	if n > 0 {
		err = nil // it will come again
	}
	return n, err
}

// isOf reports whether an event with that tag is of r, and not of another one with the same descriptor.
func (p *Poller[K]) isOf(r *Registration[K], tag uint32) bool {
	if p.can.exact {
		return r.tag == tag
	}
	return int32(r.tag-tag) <= 0 // the numbers may begin anew
}

// fill makes the event of r, and reports whether there is one.
func (p *Poller[K]) fill(event *Event[K], r *Registration[K], told epoll.Events) bool {
	if !p.can.exact || p.can.late {
		// These mechanisms go by the number alone.
		if told&vanished != 0 || r.isClosed() {
			r.vanish()
			return false
		}
	}
	if r.disarmed {
		return false // another goroutine was faster, or the other direction
	}
	ready := Interest(told) & (r.interest | unasked) & conditions
	if ready == 0 {
		return false // it was modified meanwhile
	}
	status := 0
	if r.kind != KindIO {
		var ok bool
		if status, ok = r.source.collect(); !ok {
			return false // another goroutine was faster
		}
		ready = 0
	}
	if r.interest&OneShot != 0 {
		r.disarm()
	}
	// One by one: as a whole the event would be copied.
	event.Key, event.Ready, event.Kind, event.Status, event.Registration = r.key, ready, r.kind, status, r
	return true
}

// deliverPending hands out what was posted, and then, in turns, the sources that are always ready.
func (p *Poller[K]) deliverPending(events []Event[K]) (n int) {
	taken := 0
	for _, post := range p.posted {
		if n == len(events) {
			break
		}
		taken++
		if r := post.registration; r.live && r.tag == post.tag {
			events[n] = Event[K]{Key: r.key, Ready: post.ready, Kind: r.kind, Status: post.status, Registration: r}
			n++
		}
	}
	rest := copy(p.posted, p.posted[taken:])
	clear(p.posted[rest:])
	p.posted = p.posted[:rest]

	for range len(p.always) {
		if n == len(events) {
			break
		}
		r := p.always[0]
		p.always = append(p.always[:0], p.always[1:]...)
		events[n] = Event[K]{Key: r.key, Ready: r.interest & (Readable | Writable), Kind: r.kind, Registration: r}
		n++
		if r.interest&modes != 0 { // an edge there is once only, and another one never comes
			r.disarmed = true
		} else {
			p.always = append(p.always, r)
		}
	}
	p.pending.Store(int64(len(p.always) + len(p.posted)))
	return n
}

// post makes an event of a source that has no descriptor. Those that were not handed out yet become one, whose status is the
// sum if they are to be added up.
func (p *Poller[K]) post(r *Registration[K], status int, addUp bool) {
	p.mu.Lock()
	if r.live {
		p.postLocked(r, status, addUp)
	}
	p.mu.Unlock()
	p.backend.wake()
}

func (p *Poller[K]) postLocked(r *Registration[K], status int, addUp bool) {
	for i := range p.posted {
		if p.posted[i].registration == r && p.posted[i].tag == r.tag {
			if addUp {
				p.posted[i].status += status
			}
			return
		}
	}
	p.posted = append(p.posted, posting[K]{registration: r, tag: r.tag, status: status})
	p.pending.Add(1)
}

// putBack makes the next Wait report events that were taken, except for levels, which the kernel reports again.
func (p *Poller[K]) putBack(events []Event[K]) {
	p.mu.Lock()
	for _, event := range events {
		if r := event.Registration; r.live && (r.interest&modes != 0 || r.kind != KindIO) {
			p.posted = append(p.posted, posting[K]{r, r.tag, event.Ready, event.Status})
			p.pending.Add(1)
		}
	}
	p.mu.Unlock()
	p.backend.wake()
}

// renew gets rid of registrations that the kernel goes on to report and that cannot be removed.
func (p *Poller[K]) renew() error {
	kernel, ok := p.backend.(renewer)
	if !ok || p.isClosed.Load() {
		return nil
	}
	var lost []*Registration[K]
	err := kernel.renew(func(move func(fd int, interest Interest, tag uint32) bool) {
		p.table.all(func(r *Registration[K]) {
			if r.gone {
				return
			}
			// Under a new tag, what others have taken from the old object is stale: the new one reports it again.
			r.tag = p.nextTag()
			switch {
			case r.disarmed:
				r.absent = true
			case !move(int(r.fd), r.interest, r.tag):
				lost = append(lost, r)
			}
		})
	})
	if err != nil {
		return err
	}
	p.orphans, p.stale = 0, 0
	for _, r := range lost {
		r.tag = p.nextTag()
		r.vanish()
	}
	return nil
}
