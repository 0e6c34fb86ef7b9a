package afd

import (
	"sync/atomic"

	"golang.org/x/sys/windows"
)

// operation is a poll of one socket by the driver. The driver writes to it until it sends a packet,
// which it always does. So an unneeded operation, a zombie, is kept until then.
type operation struct {
	done    windows.IO_STATUS_BLOCK
	in, out struct {
		head
		target
	}
	id     uintptr // its index in Poller.operations plus 1
	helper *helper
	entry  *entry // nil if it is a zombie
	round  uint32 // when it was started
}

// helper is a handle of the driver whose packets go to the Poller's port. Cancelling takes longer
// if it has more operations.
type helper struct {
	device windows.Handle
	load   int
}

const maxLoad = 32

// start starts an operation of e. The error is a bare errno if the driver refuses the socket.
func (p *Poller) start(port windows.Handle, e *entry, requested uint32) (*operation, error) {
	h, err := p.helperWithRoom(port)
	if err != nil {
		return nil, err
	}
	op := p.newOperation()
	op.in.head = head{timeout: forever, count: 1}
	op.in.target = target{socket: e.base, events: requested}
	op.out.count = 0
	op.done.Status = windows.STATUS_PENDING
	op.entry, op.helper, op.round = e, h, p.round
	status := submit(h.device, 0, op.id, &op.done, &op.in.head, &op.out.head)
	if status >= firstError {
		op.entry = nil
		p.free = append(p.free, op)
		return nil, status.Errno()
	}
	h.load++
	if h.load == maxLoad {
		p.withRoom = p.withRoom[:len(p.withRoom)-1]
	}
	p.running++
	return op, nil
}

// firstError is the lowest status of a failed call, which sends no packet.
const firstError = 0xC0000000

// ended handles the arrival of the packet of op. It returns the entry of op and the reported
// conditions.
func (p *Poller) ended(op *operation) (e *entry, reported uint32) {
	p.running--
	h := op.helper
	if h.load == maxLoad {
		p.withRoom = append(p.withRoom, h)
	}
	h.load--
	if e = op.entry; e == nil {
		p.zombies--
	} else if op.done.Status == 0 && op.out.count > 0 {
		reported = op.out.events
	}
	op.entry = nil
	p.free = append(p.free, op)
	return e, reported
}

// hasEnded reports whether the driver has finished op. It may be a moment late.
func (op *operation) hasEnded() bool {
	return atomic.LoadUint32((*uint32)(&op.done.Status)) != uint32(windows.STATUS_PENDING)
}

// abandon makes op a zombie. It reports whether op was still running.
func (p *Poller) abandon(op *operation) bool {
	if op == nil {
		return false
	}
	op.entry = nil
	p.zombies++
	return cancel(op.helper.device, &op.done)
}

func (p *Poller) newOperation() *operation {
	if last := len(p.free) - 1; last >= 0 {
		op := p.free[last]
		p.free = p.free[:last]
		return op
	}
	op := new(operation)
	p.operations = append(p.operations, op)
	op.id = uintptr(len(p.operations))
	return op
}

// helperWithRoom returns a helper with room for one more operation.
func (p *Poller) helperWithRoom(port windows.Handle) (*helper, error) {
	if last := len(p.withRoom) - 1; last >= 0 {
		return p.withRoom[last], nil
	}
	device, err := open()
	if err != nil {
		return nil, err
	}
	if _, err := windows.CreateIoCompletionPort(device, port, 0, 0); err != nil {
		_ = closeDevice(device) // the first error matters more
		return nil, err
	}
	h := &helper{device: device}
	p.helpers, p.withRoom = append(p.helpers, h), append(p.withRoom, h)
	return h, nil
}
