package afd

import (
	"os"
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/timeout"
)

// batch is what one goroutine needs while it waits. It is kept for the next one.
type batch struct {
	packets []packet
	waits   bool // and is not only there to look
	doubts  []*entry
	call    Call
	event   windows.Handle // of call, made when it is needed first
}

// maxBatch is how many packets are taken at once.
const maxBatch = 1024

// Wait waits until a socket is ready, Wake is called or the timeout has passed, and calls take for up to room of those that are
// ready. It returns how many there were. What finds no room is reported by the next Wait: the sockets take turns. A negative
// timeout blocks, zero does not wait, any other is never shortened.
//
// Errors: os.ErrClosed also when Close is called meanwhile.
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
		ring(port) // for the next one of those that wait
	}
	// What was taken is handed out even if the Poller was closed meanwhile: one-shot events are not to be had again.
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
	b.packets, b.waits = b.packets[:room], waits
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
	alarms := 0
	for countdown := timeout.Start(d); ; {
		began, lost, err := p.begin(port)
		if err != nil {
			return 0, err
		}
		count, err := dequeue(port, b.packets, 0)
		left := countdown.Left()
		isOld := count > 0
		if err == nil && count == 0 && left != 0 && !lost && !p.port.Closed() {
			count, err = dequeue(port, b.packets, left)
		}
		if err != nil {
			return 0, err
		}
		n, rung := p.deliver(port, b, count, began, isOld, take)
		switch {
		case rung && d == 0:
			alarms++ // it is meant for one that sleeps
		case rung:
			p.rung.Store(false)
		}
		if n > 0 || rung && d != 0 || p.port.Closed() || count == 0 && !countdown.Again(0, 0) {
			if alarms > 0 {
				ring(port)
			}
			if d == 0 {
				n += p.lookAtFew(b, len(b.packets)-n, take)
			}
			return n, nil
		}
	}
}

// begin arms what has to be. It returns the number of the round that begins, and whether there are closed sockets to tell of.
func (p *Poller) begin(port windows.Handle) (round uint32, lost bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.round++
	err = p.armIdle(port)
	return p.round, len(p.closed) > 0, err
}

// deliver hands out what count packets tell, and reports whether there was an alarm among them.
func (p *Poller) deliver(port windows.Handle, b *batch, count int, began uint32, isOld bool, take func(Ready)) (n int, rung bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.doubts = b.doubts[:0]
	rung = p.sort(b.packets[:count], func(e *entry, told, round uint32) {
		// What has been ready before this wait began may have been read since.
		if isOld && int32(round-began) < 0 {
			b.doubts = append(b.doubts, e)
			return
		}
		n += p.report(e, told, take)
	})
	if len(b.doubts) > 0 {
		n += p.reportDoubts(b, len(b.doubts), take)
	}
	if told := min(len(p.closed), len(b.packets)-n); told > 0 {
		for _, closed := range p.closed[:told] {
			take(closed)
		}
		n += told
		p.closed = p.closed[:copy(p.closed, p.closed[told:])]
	}
	p.armForOthers(port, b)
	return n, rung
}

// sort puts an end to operations, drops the sockets that were closed, and calls ready for those that may be ready. Where ready is
// nil, they become idle.
func (p *Poller) sort(packets []packet, ready func(e *entry, told, round uint32)) (rung bool) {
	for _, packet := range packets {
		if packet.id == alarm {
			rung = true
			continue
		}
		op := p.operations[packet.id-1]
		e, told := p.ended(op)
		switch {
		case e == nil:
		case op == e.watch:
			e.watch = nil
			p.lose(e)
		case told&localClose != 0:
			e.poll = nil
			p.lose(e)
		case ready == nil || told == 0:
			e.poll = nil
			p.setIdle(e)
		default:
			e.poll = nil
			ready(e, told, op.round)
		}
	}
	return rung
}

// report hands e out if it is watched for what the driver has told.
func (p *Poller) report(e *entry, told uint32, take func(Ready)) int {
	events := fromDriver(told, e.events)
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

// collect takes the packets that have come, without waiting. What they tell is looked at again by the next wait.
func (p *Poller) collect(port windows.Handle) {
	rung := false
	for {
		n, err := dequeue(port, p.collected[:], 0)
		if n == 0 || err != nil {
			break
		}
		rung = p.sort(p.collected[:n], nil) || rung
	}
	if rung || len(p.closed) > 0 {
		ring(port)
	}
	p.armForOthers(port, nil)
}

// armForOthers arms what is idle, if others than the owner of b wait for it.
func (p *Poller) armForOthers(port windows.Handle, b *batch) {
	if p.waiting > 1 || p.waiting == 1 && (b == nil || !b.waits) {
		_ = p.armIdle(port) // the next wait tells why it fails
	}
}

// reportDoubts asks the driver about all doubtful sockets at once, and hands out up to room of those that are ready.
func (p *Poller) reportDoubts(b *batch, room int, take func(Ready)) (n int) {
	next := 0
	for _, answer := range b.ask() {
		// They come in the order in which they were asked for.
		for next < len(b.doubts) && b.doubts[next].base != answer.socket {
			p.setIdle(b.doubts[next])
			next++
		}
		if next == len(b.doubts) || n == room {
			break
		}
		if e := b.doubts[next]; answer.events&localClose == 0 {
			p.abandon(e.poll)
			e.poll = nil
			n += p.report(e, answer.events, take)
			next++
		}
	}
	for _, e := range b.doubts[next:] {
		p.setIdle(e)
	}
	clear(b.doubts)
	return n
}

// few is how many sockets are asked for one by one by a wait that does not wait. Where a thread is late with the packet of what is
// ready, it is told all the same.
const few = 128

// lookAtFew hands out what is ready and has sent no packet yet.
func (p *Poller) lookAtFew(b *batch, room int, take func(Ready)) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.doubts = b.doubts[:0]
	if room == 0 || len(p.sockets) > few {
		return 0
	}
	for _, e := range p.sockets {
		if e.poll != nil {
			b.doubts = append(b.doubts, e)
		}
	}
	if len(b.doubts) == 0 {
		return 0
	}
	return p.reportDoubts(b, room, take)
}

// ask is what the driver says of the doubtful sockets now. Where it says nothing they are polled once more, one by one.
func (b *batch) ask() []target {
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
		list[i] = target{socket: e.base, events: e.asked}
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
