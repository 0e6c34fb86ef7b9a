package afd

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/windows"

	"iomux/internal/fdref"
	"iomux/internal/sys"
)

// Poller waits on a set of sockets. It is safe for concurrent use. Its zero value is closed.
//
// Each socket has an operation that polls its conditions. After it has ended and the socket was
// reported, the next wait starts another one, so events are level-triggered. A second operation
// ends only when the socket is closed. It distinguishes the socket from the next one with the same
// number.
type Poller struct {
	// ReportsClosed makes Wait report registered sockets that were closed. Set it before Open.
	ReportsClosed bool

	port  fdref.Descriptor
	woken atomic.Bool // Wake was called, and no wait has returned for it yet

	mu         sync.Mutex // never held over a call that blocks
	sockets    map[int]*entry
	idle       []*entry // entries that the next wait arms
	closed     []Ready  // events that the next wait reports
	waiting    int      // goroutines in Wait with a timeout other than 0
	taking     int      // goroutines that may have taken packets without delivering them yet
	round      uint32   // number of waits that have begun
	operations []*operation
	free       []*operation // operations that are not running
	running    int
	zombies    int
	helpers    []*helper
	withRoom   []*helper // helpers with room for an operation
	batches    []*batch
	collected  [64]packet
}

// entry is a registered socket.
type entry struct {
	socket    int
	base      windows.Handle // the driver's handle of the socket
	events    Events
	tag       uint64
	watch     *operation // ends when the socket is closed
	poll      *operation // for the events, nil if it is idle or disarmed
	requested uint32     // the conditions of poll
	isIdle    bool       // whether it is in Poller.idle
	disarmed  bool       // a one-shot entry that was reported
	gone      bool
}

// Open opens the Poller, which uses a completion port and a handle of the driver for each 16
// sockets. It must be called once, before other goroutines use p.
func (p *Poller) Open() error {
	port, err := openPort()
	if err != nil {
		return err
	}
	p.sockets = make(map[int]*entry)
	p.port.Set(int(port), p.release)
	return nil
}

// FD returns the handle of the completion port, or -1 after Close.
func (p *Poller) FD() int { return p.port.FD() }

// Register adds a socket. A wait in progress also reports it.
//
// Errors: EEXIST if it is registered, EBADF if it is not open, ErrNotSocket, os.ErrClosed.
func (p *Poller) Register(socket int, events Events, tag uint64) error {
	return p.with(func(port windows.Handle) error {
		if e := p.sockets[socket]; e != nil && p.isOpen(port, e) {
			return syscall.EEXIST
		}
		e := &entry{socket: socket, base: windows.Handle(socket), events: events, tag: tag}
		err := p.watch(port, e)
		if isRefused(err) {
			// Most handles are the driver's own, so Register calls find only after a
			// refusal.
			if e.base, err = baseOf(e.base); err == nil {
				err = p.watch(port, e)
			}
		}
		if err != nil {
			return err
		}
		p.sockets[socket] = e
		err = p.arm(port, e)
		if err != nil {
			p.drop(e)
		}
		return err
	})
}

// Modify changes the events of a socket and its tag. It arms a one-shot registration again.
//
// Errors: ENOENT if it is not registered, EBADF if it is not open, os.ErrClosed.
func (p *Poller) Modify(socket int, events Events, tag uint64) error {
	return p.with(func(port windows.Handle) error {
		e, err := p.entry(socket)
		if err != nil {
			return err
		}
		e.events, e.tag, e.disarmed = events, tag, false
		if err := p.arm(port, e); err != nil || !e.gone {
			return err
		}
		return syscall.EBADF
	})
}

// Unregister removes a socket. A wait that begins afterwards does not report it.
//
// Errors: those of Modify.
func (p *Poller) Unregister(socket int) error {
	return p.with(func(windows.Handle) error {
		e, err := p.entry(socket)
		if err == nil && !p.drop(e) {
			return noEntry(socket) // it was just closed
		}
		return err
	})
}

// Wake ends the current Wait with a timeout other than zero, or else the next one. If the system
// has no memory for the packet, the next Wake retries.
func (p *Poller) Wake() {
	if port, err := p.port.Acquire(); err == nil {
		if !p.woken.Swap(true) && wake(windows.Handle(port)) != nil {
			p.woken.Store(false)
		}
		p.port.Done()
	}
}

// Close makes all waits return os.ErrClosed. The last of them to return closes the handles.
//
// Errors: os.ErrClosed if it is already closed.
func (p *Poller) Close() error {
	return p.port.Close(func(port int) { _ = wake(windows.Handle(port)) })
}

// with calls f with the lock held and the port open.
func (p *Poller) with(f func(port windows.Handle) error) error {
	port, err := p.port.Acquire()
	if err != nil {
		return err
	}
	defer p.port.Done()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.zombies > maxZombies {
		p.collect(windows.Handle(port))
	}
	return f(windows.Handle(port))
}

// maxZombies is the number of zombies above which Register, Modify and Unregister collect packets.
const maxZombies = 64

// entry returns the entry of an open socket.
func (p *Poller) entry(socket int) (*entry, error) {
	e := p.sockets[socket]
	if e != nil && e.watch.hasEnded() {
		p.drop(e)
		e = nil
	}
	if e == nil {
		return nil, noEntry(socket)
	}
	return e, nil
}

func noEntry(socket int) error {
	if sys.IsOpen(socket) {
		return syscall.ENOENT
	}
	return syscall.EBADF
}

// isOpen reports whether the socket of e is open. If it was closed, isOpen drops e, even if another
// socket now has the number.
func (p *Poller) isOpen(port windows.Handle, e *entry) bool {
	watch := e.watch
	e.watch = nil
	// An operation that can be cancelled has not ended.
	if watch.hasEnded() || !p.abandon(watch) || p.watch(port, e) != nil {
		p.drop(e)
	}
	return !e.gone
}

func (p *Poller) watch(port windows.Handle, e *entry) (err error) {
	e.watch, err = p.start(port, e, localClose)
	return err
}

// arm makes the driver poll the conditions of e, unless it already does.
func (p *Poller) arm(port windows.Handle, e *entry) (err error) {
	requested := toDriver(e.events)
	if e.poll != nil && e.requested == requested && !e.poll.hasEnded() {
		return nil
	}
	p.abandon(e.poll)
	e.poll, e.requested = nil, requested
	if !e.watch.hasEnded() {
		e.poll, err = p.start(port, e, requested)
	}
	switch {
	case e.poll == nil && err == nil, isRefused(err):
		p.lose(e)
		return nil
	case err != nil:
		p.setIdle(e)
	}
	return err
}

// isRefused reports whether the driver has refused a socket.
func isRefused(err error) bool {
	_, refused := err.(syscall.Errno)
	return refused
}

// armIdle arms all idle entries.
func (p *Poller) armIdle(port windows.Handle) (err error) {
	done := 0
	for _, e := range p.idle {
		if !e.gone && !e.disarmed {
			if err = p.arm(port, e); err != nil {
				break
			}
		}
		e.isIdle = false
		done++
	}
	left := copy(p.idle, p.idle[done:])
	clear(p.idle[left:])
	p.idle = p.idle[:left]
	return err
}

func (p *Poller) setIdle(e *entry) {
	if !e.isIdle {
		e.isIdle = true
		p.idle = append(p.idle, e)
	}
}

// drop removes e, and reports whether its socket is open.
func (p *Poller) drop(e *entry) (open bool) {
	if p.sockets[e.socket] == e {
		delete(p.sockets, e.socket)
	}
	open = p.abandon(e.watch)
	p.abandon(e.poll)
	e.watch, e.poll, e.gone = nil, nil, true
	return open
}

// lose removes e, whose socket was closed.
func (p *Poller) lose(e *entry) {
	p.drop(e)
	if p.ReportsClosed {
		p.closed = append(p.closed, Ready{Socket: e.socket, Events: Closed, Tag: e.tag})
	}
}

// release closes the handles. No wait or other call is in progress.
func (p *Poller) release(fd int) error {
	port := windows.Handle(fd)
	for _, op := range p.operations {
		op.entry = nil
	}
	for _, h := range p.helpers {
		cancel(h.device, nil) // all operations at once
	}
	for p.running > 0 {
		n, err := dequeue(port, p.collected[:], -1)
		if err != nil {
			return err // the driver may still write to the operations
		}
		p.sort(p.collected[:n], nil)
	}
	var err error
	for _, h := range p.helpers {
		err = errors.Join(err, closeDevice(h.device))
	}
	for _, b := range p.batches {
		err = errors.Join(err, b.release())
	}
	return errors.Join(err, os.NewSyscallError("CloseHandle", windows.CloseHandle(port)))
}
