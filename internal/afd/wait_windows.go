package afd

import (
	"os"
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/timeout"
)

// batch is the state of one waiting goroutine. The next one reuses it.
type batch struct {
	packets []packet
	waits   bool   // whether the timeout is not 0
	first   uint32 // the round in which the wait began
	alone   bool   // whether no other wait was under way then
	doubts  []*entry
	call    Call
	event   windows.Handle // of call, opened when it is first needed
}

// maxBatch is the largest number of packets that a wait takes.
const maxBatch = 1024

// Wait waits until a socket is ready, Wake is called or the timeout expires. It calls take for up
// to room ready sockets, and returns their number. The next Wait reports the others first. A
// negative timeout blocks, zero does not wait, and any other is never shortened.
//
// The error is os.ErrClosed after Close, and if Close is called during the wait.
func (p *Poller) Wait(room int, d time.Duration, take func(Ready)) (n int, err error) {
	fd, err := p.port.Acquire()
	if err != nil {
		return 0, err
	}
	port := windows.Handle(fd)
	b := p.enter(min(room, maxBatch), d != 0)
	n, err = p.wait(port, b, d, take)
	p.leave(b)
	if p.port.Closed() {
		_ = wake(port) // the next goroutine that waits
	}
	// Report events even if the Poller was closed, because one-shot events are not repeated.
	if closed := p.port.Done(); closed && n == 0 {
		return 0, os.ErrClosed
	}
	return n, err
}

func (p *Poller) enter(room int, waits bool) *batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	if waits {
		p.waiting++
	}
	var b *batch
	if last := len(p.batches) - 1; last >= 0 {
		b, p.batches = p.batches[last], p.batches[:last]
	} else {
		b = new(batch)
	}
	if cap(b.packets) < room {
		b.packets = make([]packet, room)
	}
	b.packets, b.waits, b.first = b.packets[:room], waits, 0
	return b
}

func (p *Poller) leave(b *batch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.waits {
		p.waiting--
	}
	p.batches = append(p.batches, b)
}

func (p *Poller) wait(port windows.Handle, b *batch, d time.Duration, take func(Ready)) (int, error) {
	wakes := 0
	for countdown := timeout.Start(d); ; {
		began, lost, err := p.begin(port, b)
		if err != nil {
			return 0, err
		}
		count, err := dequeue(port, b.packets, 0)
		left := countdown.Left()
		isOld := count > 0
		if err == nil && count == 0 && left != 0 && !lost && !p.port.Closed() {
			count, err = dequeue(port, b.packets, left)
		}
		n, woken := p.deliver(port, b, count, began, isOld, take)
		switch {
		case err != nil:
			return n, err
		case woken && d == 0:
			wakes++ // it is for a goroutine that sleeps
		case woken:
			p.woken.Store(false)
		}
		if n > 0 || woken && d != 0 || p.port.Closed() || count == 0 && !countdown.Again(0, 0) {
			if wakes > 0 {
				_ = wake(port)
			}
			if d == 0 || n == 0 {
				n += p.lookAtAll(b, n, take)
			}
			return n, nil
		}
	}
}

// begin arms the idle sockets. It returns the number of the round, and reports whether there are
// closed sockets to report. Unless it fails, the caller must call deliver.
func (p *Poller) begin(port windows.Handle, b *batch) (round uint32, lost bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.round++
	if b.first == 0 {
		b.first, b.alone = p.round, p.taking == 0
	}
	if err = p.armIdle(port); err == nil {
		p.taking++
	}
	return p.round, len(p.closed) > 0, err
}

// deliver reports the sockets of count packets. It reports whether Wake has sent one of the
// packets.
func (p *Poller) deliver(port windows.Handle, b *batch, count int, began uint32, isOld bool, take func(Ready)) (n int, woken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taking--
	b.doubts = b.doubts[:0]
	woken = p.sort(b.packets[:count], func(e *entry, reported, round uint32) {
		// A socket that was ready before this wait began may have been read in the
		// meantime.
		if isOld && int32(round-began) < 0 {
			b.doubts = append(b.doubts, e)
			return
		}
		n += p.report(e, reported, take)
	})
	if len(b.doubts) > 0 {
		n += p.reportDoubts(b, len(b.doubts), take)
	}
	if count := min(len(p.closed), len(b.packets)-n); count > 0 {
		for _, closed := range p.closed[:count] {
			take(closed)
		}
		n += count
		p.closed = p.closed[:copy(p.closed, p.closed[count:])]
	}
	p.armForOthers(port, b)
	return n, woken
}

// sort ends the operations of packets, removes closed sockets, and calls ready for sockets that may
// be ready. If ready is nil, these become idle. It reports whether Wake has sent one of the
// packets.
func (p *Poller) sort(packets []packet, ready func(e *entry, reported, round uint32)) (woken bool) {
	for _, packet := range packets {
		if packet.id == wakeID {
			woken = true
			continue
		}
		op := p.operations[packet.id-1]
		e, reported := p.ended(op)
		switch {
		case e == nil:
		case op == e.watch:
			e.watch = nil
			p.lose(e)
		case reported&localClose != 0:
			e.poll = nil
			p.lose(e)
		case ready == nil || reported == 0:
			e.poll = nil
			p.setIdle(e)
		default:
			e.poll = nil
			ready(e, reported, op.round)
		}
	}
	return woken
}

// report reports e if the driver has reported one of its conditions.
func (p *Poller) report(e *entry, reported uint32, take func(Ready)) int {
	events := fromDriver(reported, e.events)
	if events == 0 {
		p.setIdle(e)
		return 0
	}
	if e.events&OneShot != 0 {
		e.disarmed = true
	} else {
		p.setIdle(e)
	}
	take(Ready{Socket: e.socket, Events: events, Tag: e.tag})
	return 1
}

// collect takes all packets without waiting. The next wait polls their sockets again.
func (p *Poller) collect(port windows.Handle) {
	woken := false
	for {
		n, err := dequeue(port, p.collected[:], 0)
		if n == 0 || err != nil {
			break
		}
		woken = p.sort(p.collected[:n], nil) || woken
	}
	if woken || len(p.closed) > 0 {
		_ = wake(port)
	}
	p.armForOthers(port, nil)
}

// armForOthers arms the idle sockets if goroutines other than the owner of b are waiting.
func (p *Poller) armForOthers(port windows.Handle, b *batch) {
	if p.waiting > 1 || p.waiting == 1 && (b == nil || !b.waits) {
		_ = p.armIdle(port) // the next wait reports an error
	}
}

// reportDoubts polls all doubtful sockets with one call of the driver, and reports up to room ready
// ones.
func (p *Poller) reportDoubts(b *batch, room int, take func(Ready)) (n int) {
	next := 0
	for _, result := range b.pollDoubts() {
		// The results have the order of the list.
		for next < len(b.doubts) && b.doubts[next].base != result.socket {
			p.setIdle(b.doubts[next])
			next++
		}
		if next == len(b.doubts) || n == room {
			break
		}
		if e := b.doubts[next]; result.events&localClose == 0 {
			p.abandon(e.poll)
			e.poll = nil
			n += p.report(e, result.events, take)
			next++
		}
	}
	for _, e := range b.doubts[next:] {
		p.setIdle(e)
	}
	clear(b.doubts)
	return n
}

// few is the number of sockets up to which a wait polls all of them before it reports nothing.
const few = 128

// lookAtAll reports ready sockets whose packets are late, or were taken by another goroutine during
// this wait, which has reported n sockets. Polling many sockets takes long, so lookAtAll polls them
// only if there were other waits.
func (p *Poller) lookAtAll(b *batch, n int, take func(Ready)) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.doubts = b.doubts[:0]
	room := len(b.packets) - n
	if room == 0 || len(p.sockets) > few && (n > 0 || b.alone && p.round == b.first) {
		return 0
	}
	for _, e := range p.sockets {
		// A socket that this wait has just reported has no poll.
		if !e.disarmed && (n == 0 || e.poll != nil) {
			b.doubts = append(b.doubts, e)
		}
	}
	if len(b.doubts) == 0 {
		return 0
	}
	return p.reportDoubts(b, room, take)
}

// pollDoubts returns the driver's current result for the doubtful sockets. If it fails, the next
// wait polls each of them again.
func (b *batch) pollDoubts() []target {
	device, err := sharedDevice()
	if err != nil {
		return nil
	}
	if b.event == 0 {
		if b.event, err = windows.CreateEvent(nil, 0, 0, nil); err != nil {
			return nil
		}
	}
	b.call.begin(device, b.event)
	b.call.makeRoom(len(b.doubts))
	b.call.in.count = uint32(len(b.doubts))
	list := targets(b.call.in)
	for i, e := range b.doubts {
		list[i] = target{socket: e.base, events: e.requested}
	}
	status, err := b.call.wait(len(b.doubts), 0)
	if status != 0 || err != nil {
		return nil
	}
	return targets(b.call.out)
}

func (b *batch) release() error {
	if b.event == 0 {
		return nil
	}
	return os.NewSyscallError("CloseHandle", windows.CloseHandle(b.event))
}
