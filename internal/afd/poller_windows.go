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

// Poller remembers sockets, and waits on all of them. Its methods may be called from several goroutines at once; the zero value is
// a closed one.
//
// Of each socket one operation polls what it is watched for, level-triggered: when it has ended, and the socket was reported, the
// next wait starts another one. A second operation does nothing but watch for the socket being closed, all the time, so that a
// number that was closed, and is that of another socket now, is told from it.
type Poller struct {
	// TellsClosed makes Wait tell of registered sockets that were closed. It is set before Open.
	TellsClosed bool

	port fdref.Descriptor
	rung atomic.Bool // by Wake, and no wait has returned for it yet

	mu         sync.Mutex // never held over a call that blocks
	sockets    map[int]*entry
	idle       []*entry // those that the next wait has to arm
	closed     []Ready  // those that the next wait has to tell of
	waiting    int      // goroutines that are in Wait, or will be in a moment, and not only to look
	round      uint32   // how often a wait has begun
	operations []*operation
	free       []*operation // of these, those that are not under way
	underWay   int
	zombies    int
	helpers    []*helper
	withRoom   []*helper // of these, those that have room
	batches    []*batch
	collected  [64]packet
}

// entry is a socket that is registered.
type entry struct {
	socket   int
	base     windows.Handle // of the socket as the driver knows it
	events   Events
	tag      uint64
	watch    *operation // for the socket being closed
	poll     *operation // for what it is watched for, nil if it is idle or was disarmed
	asked    uint32     // what poll asks for
	isIdle   bool       // it is in Poller.idle
	disarmed bool       // one-shot, and was reported
	gone     bool
}

// Open makes p an open Poller, which holds a completion port, and a handle of the driver for each 16 sockets. It is called once,
// before p is shared.
func (p *Poller) Open() error {
	port, err := openPort()
	if err != nil {
		return err
	}
	p.sockets = make(map[int]*entry)
	p.port.Set(int(port), p.release)
	return nil
}

// FD is the handle of the completion port, -1 after Close.
func (p *Poller) FD() int { return p.port.FD() }

// Register watches a socket for events. A wait under way sees it.
//
// Errors: EEXIST where it is registered, EBADF where it is not open, ErrNotSocket, os.ErrClosed.
func (p *Poller) Register(socket int, events Events, tag uint64) error {
	return p.with(func(port windows.Handle) error {
		if e := p.sockets[socket]; e != nil && p.isOpen(port, e) {
			return syscall.EEXIST
		}
		e := &entry{socket: socket, base: windows.Handle(socket), events: events, tag: tag}
		err := p.watch(port, e)
		if isRefused(err) {
			// A socket mostly is the driver's own; that it is one is not asked before it has to be.
			if e.base, err = find(e.base); err == nil {
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

// Modify changes what a socket is watched for, and its tag. It arms a one-shot registration again.
//
// Errors: ENOENT where it is not registered, EBADF where it is not open either, os.ErrClosed.
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

// Unregister ends the watch. No wait that begins afterwards reports the socket.
//
// Errors: those of Modify.
func (p *Poller) Unregister(socket int) error {
	return p.with(func(windows.Handle) error {
		e, err := p.entry(socket)
		if err == nil && !p.drop(e) {
			return noEntry(socket) // it has just been closed
		}
		return err
	})
}

// Wake ends a Wait with a timeout other than zero, the one under way or else the next one.
func (p *Poller) Wake() {
	if port, err := p.port.Acquire(); err == nil {
		if !p.rung.Swap(true) {
			ring(windows.Handle(port))
		}
		p.port.Done()
	}
}

// Close ends all waits with os.ErrClosed, and gives the handles back as soon as the last of them has returned.
//
// Errors: os.ErrClosed where it was closed before.
func (p *Poller) Close() error {
	return p.port.Close(func(port int) { ring(windows.Handle(port)) })
}

// with calls f with the lock held, and the port open.
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

// maxZombies is how many zombies are put up with while nobody waits.
const maxZombies = 64

// entry finds the registration of a socket that is open.
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

// isOpen reports whether the socket of e was never closed, even if the number is that of another one now. If it was, e is gone.
func (p *Poller) isOpen(port windows.Handle, e *entry) bool {
	watch := e.watch
	e.watch = nil
	// If it can be cancelled, it has not seen anything yet.
	if watch.hasEnded() || !p.abandon(watch) || p.watch(port, e) != nil {
		p.drop(e)
	}
	return !e.gone
}

func (p *Poller) watch(port windows.Handle, e *entry) (err error) {
	e.watch, err = p.start(port, e, localClose)
	return err
}

// arm makes the driver poll what e is watched for, unless it does so already.
func (p *Poller) arm(port windows.Handle, e *entry) (err error) {
	asked := toDriver(e.events)
	if e.poll != nil && e.asked == asked && !e.poll.hasEnded() {
		return nil
	}
	p.abandon(e.poll)
	e.poll, e.asked = nil, asked
	if !e.watch.hasEnded() {
		e.poll, err = p.start(port, e, asked)
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

// isRefused reports whether the driver has said that a socket is none.
func isRefused(err error) bool {
	_, refused := err.(syscall.Errno)
	return refused
}

// armIdle arms all that wait for it.
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

// drop ends the registration of e, and reports whether its socket is open.
func (p *Poller) drop(e *entry) (open bool) {
	if p.sockets[e.socket] == e {
		delete(p.sockets, e.socket)
	}
	open = p.abandon(e.watch)
	p.abandon(e.poll)
	e.watch, e.poll, e.gone = nil, nil, true
	return open
}

// lose is drop of a socket that was closed.
func (p *Poller) lose(e *entry) {
	p.drop(e)
	if p.TellsClosed {
		p.closed = append(p.closed, Ready{Socket: e.socket, Events: Closed, Tag: e.tag})
	}
}

// release is called when nobody uses the Poller any more.
func (p *Poller) release(fd int) error {
	port := windows.Handle(fd)
	for _, op := range p.operations {
		op.entry = nil
	}
	for _, h := range p.helpers {
		cancel(h.device, nil) // all of them at once
	}
	for p.underWay > 0 {
		n, err := dequeue(port, p.collected[:], -1)
		if err != nil {
			return err // and what the driver may write to is left alone
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
