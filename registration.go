package iomux

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"iomux/descriptor"
	"iomux/internal/sys"
	"iomux/poll"
)

// ErrNotPollable is the error of Register for a source that no mechanism of the system can wait for. It is an
// errors.ErrUnsupported, too.
var ErrNotPollable = fmt.Errorf("iomux: the source cannot be waited for: %w", errors.ErrUnsupported)

// Registration is a source that is registered at a Poller. Its methods may be called at any time from any goroutine; the zero
// value is of a source that was unregistered.
type Registration[K any] struct {
	tag      uint32
	fd       int32
	interest Interest
	kind     Kind
	// These are guarded by the Poller's lock, except for always, which is set before anybody else sees it.
	live     bool // registered
	disarmed bool // one-shot, and was reported
	absent   bool // not in the mechanism, to be added by Modify
	always   bool // cannot be polled, and is always ready
	gone     bool // the descriptor was closed, or belongs to another file now
	key      K
	poller   *Poller[K]
	source   *source // nil where only the number is known
}

// source is what is known of a source besides its descriptor.
type source struct {
	value   any                // kept reachable, so that no finalizer closes it
	raw     syscall.RawConn    // of the value, if it is a syscall.Conn
	collect func() (int, bool) // of a timer or a process: its status, if there is one now
}

// Register watches src for interest; events bear key and the Registration that is returned. The source is an integer, a file, a
// connection, a listener or whatever else descriptor.Of takes, and is kept reachable until Unregister. Waits under way see it
// at once. Of a file or connection neither the mode nor the deadlines are touched; whoever reads from it elsewhere takes away
// what is reported here.
//
// A source should be unregistered before it is closed. If it was not, its events end all the same, except that epoll goes on to
// report it, under its own key, as long as a duplicate lives on; and Registration.Unregister ends that, too.
//
// A regular file or a directory is always ready for reading and writing, as select and poll say, so that no Wait ever sleeps
// while it is registered.
//
// Errors: EEXIST where the descriptor is registered (Modify changes it); os.ErrClosed where src or the Poller was closed; EBADF
// where a number is no open descriptor; errors.ErrUnsupported for an
// interest that the mechanism does not support; ErrNotPollable; ENOSPC and others of epoll_ctl(2); ENOMEM and others of
// kevent(2), and EPIPE for the writing end of a pipe that nobody reads, where that has no filter (FreeBSD); those of descriptor.Of.
func (p *Poller[K]) Register(src any, interest Interest, key K) (*Registration[K], error) {
	fd, err := descriptor.Of(src)
	if err != nil {
		return nil, err
	}
	r := &Registration[K]{poller: p, key: key, source: &source{value: src}, interest: interest}
	conn, ok := src.(syscall.Conn)
	if !ok {
		return r.added(p.add(r, fd))
	}
	// The descriptor is held open while it is registered, lest another file gets its number.
	if r.source.raw, err = conn.SyscallConn(); err == nil {
		var errAdd error
		err = r.source.raw.Control(func(fd uintptr) { errAdd = p.add(r, int(fd)) })
		if err == nil {
			return r.added(errAdd)
		}
	}
	return nil, fmt.Errorf("iomux: register %T: %w: %w", src, os.ErrClosed, err)
}

// RegisterFD is Register with a descriptor's number, and costs an allocation less. Who closes the descriptor has to unregister
// it before: with poll and select nobody can tell a closed number from one that was opened again.
func (p *Poller[K]) RegisterFD(fd int, interest Interest, key K) (*Registration[K], error) {
	r := &Registration[K]{poller: p, key: key, interest: interest}
	return r.added(p.add(r, fd))
}

func (r *Registration[K]) added(err error) (*Registration[K], error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// add puts r, whose descriptor is fd, into the mechanism and the table.
func (p *Poller[K]) add(r *Registration[K], fd int) error {
	if p.backend == nil {
		return errClosed
	}
	number, err := check(fd)
	if err != nil {
		if p.isClosed.Load() {
			err = errClosed
		}
		return err
	}
	r.fd = number
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.isClosed.Load():
		return errClosed
	case !p.backend.supports(r.interest):
		return p.errInterest(r.interest)
	}
	r.tag = p.nextTag()
	old := p.table.get(number)
	switch err := p.addToBackend(r, old); {
	case err == nil:
	case errors.Is(err, syscall.EPERM):
		return p.addAlways(r)
	default:
		return err
	}
	if old != nil {
		old.vanish()
	}
	p.table.set(number, r)
	p.enlist(r)
	return nil
}

// addToBackend adds r, in place of old if that is of another file or of none.
func (p *Poller[K]) addToBackend(r, old *Registration[K]) error {
	fd := int(r.fd)
	if !p.can.exact {
		if old != nil && !old.gone && !old.isClosed() {
			return errRegistered(fd)
		}
		if old != nil {
			old.vanish() // before r has the number
		}
		return p.backend.add(fd, r.interest, r.tag)
	}
	err := p.backend.add(fd, r.interest, r.tag)
	if err != nil && errors.Is(err, syscall.EEXIST) && (old == nil || old.isClosed()) {
		// A registration of the same file under the same number, which could not be removed while that was closed.
		return p.backend.modify(fd, 0, r.interest, r.tag)
	}
	return err
}

func (p *Poller[K]) enlist(r *Registration[K]) {
	r.live = true
	p.count++
	if !p.can.live {
		p.backend.wake()
	}
}

// addAlways adds what epoll refuses, if poll(2) says that it is ready.
func (p *Poller[K]) addAlways(r *Registration[K]) error {
	fds := []poll.FD{{FD: r.fd, Events: toPoll(r.interest)}}
	if n, err := poll.Wait(fds, 0); n == 0 || err != nil {
		return errNotPollable(int(r.fd), r.interest)
	}
	for _, other := range p.always {
		if other.fd == r.fd && !other.isClosed() {
			return errRegistered(int(r.fd))
		}
	}
	r.always = true
	p.setReady(r)
	p.enlist(r)
	return nil
}

// setReady makes r, which is always ready, one of the pending.
func (p *Poller[K]) setReady(r *Registration[K]) {
	r.disarmed = false
	p.always = append(p.always, r)
	p.pending.Add(1)
	p.backend.wake()
}

// Modify changes what the source is watched for, with a new mode. It re-arms a one-shot registration, and an edge-triggered one
// reports anew what is ready now. It does not allocate.
//
// Errors: ENOENT where it was unregistered, EBADF or ENOENT where the source was closed, errors.ErrUnsupported for an interest
// that the mechanism does not support and for timers, signals and processes, os.ErrClosed after the Poller was closed.
func (r *Registration[K]) Modify(interest Interest) error {
	p := r.poller
	if p == nil {
		return errNotRegistered
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.isClosed.Load():
		return errClosed
	case !r.live:
		return errNotRegistered
	case r.kind != KindIO:
		return errKind
	case !p.backend.supports(interest):
		return p.errInterest(interest)
	case r.gone:
		return &sys.Error{Call: "modify", FD: int(r.fd), Err: syscall.EBADF, Advice: "it was closed: Unregister it"}
	case r.always:
		return p.modifyAlways(r, interest)
	}
	return p.modify(r, interest)
}

func (p *Poller[K]) modify(r *Registration[K], interest Interest) error {
	if !p.can.exact {
		r.tag = p.nextTag() // what was seen of it before is not to be reported now
	}
	var err error
	if r.absent {
		err = p.backend.add(int(r.fd), interest, r.tag)
	} else {
		err = p.backend.modify(int(r.fd), r.interest, interest, r.tag)
	}
	if err != nil {
		return err
	}
	r.interest, r.disarmed, r.absent = interest, false, false
	if !p.can.live {
		p.backend.wake()
	}
	return nil
}

func (p *Poller[K]) modifyAlways(r *Registration[K], interest Interest) error {
	if interest&(Readable|Writable) == 0 {
		return errNotPollable(int(r.fd), interest)
	}
	r.interest = interest
	if r.disarmed {
		p.setReady(r)
	}
	return nil
}

// Unregister ends the watch. When it has returned, no Wait that begins reports the source. It works also after the source was
// closed, and then is no error. It does not allocate.
//
// Errors: ENOENT where it was unregistered before, os.ErrClosed after the Poller was closed.
func (r *Registration[K]) Unregister() error {
	p := r.poller
	if p == nil {
		return errNotRegistered
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.isClosed.Load():
		return errClosed
	case !r.live:
		return errNotRegistered
	}
	r.live = false
	p.count--
	r.withdraw()
	if r.kind != KindIO {
		if stop := p.stops[r]; stop != nil {
			delete(p.stops, r)
			stop()
		}
	}
	r.source = nil
	if !p.can.live {
		p.backend.wake()
	}
	return nil
}

// AlwaysReady reports whether the kernel has no waiting for the source, a regular file say, so that it is reported by each Wait
// as being ready. Only epoll and kqueue tell; false elsewhere says nothing.
func (r *Registration[K]) AlwaysReady() bool { return r.always }

// withdraw takes r out of wherever it is.
func (r *Registration[K]) withdraw() {
	p := r.poller
	if r.always {
		for i, other := range p.always {
			if other == r {
				p.always = append(p.always[:i], p.always[i+1:]...)
				p.pending.Add(-1)
				break
			}
		}
		return
	}
	if r.fd < 0 || p.table.get(r.fd) != r {
		return // a source without a descriptor, or whose number is another one's now
	}
	p.table.set(r.fd, nil)
	if r.gone || r.absent {
		return
	}
	if err := p.backend.remove(int(r.fd), r.interest); err != nil {
		// It was closed. The kernel may hold it all the same, and report it, as long as a duplicate lives on.
		p.orphans++
	}
}

// vanish notes that the descriptor is not that of r any more.
func (r *Registration[K]) vanish() {
	if r.gone {
		return
	}
	r.gone = true
	r.poller.backend.forget(int(r.fd), r.interest)
	r.poller.orphans++
}

// disarm makes r silent, after it was reported, until it is modified.
func (r *Registration[K]) disarm() {
	r.disarmed = true
	if p := r.poller; !p.can.oneShot {
		p.backend.forget(int(r.fd), r.interest)
	}
}

// isClosed reports whether the source was closed, as far as that can be seen.
func (r *Registration[K]) isClosed() bool {
	return r.source != nil && r.source.raw != nil && r.source.raw.Control(nothing) != nil
}

func nothing(uintptr) {}

func (p *Poller[K]) nextTag() uint32 {
	p.newest++
	if p.newest == bellTag {
		p.newest++
	}
	return p.newest
}

func check(fd int) (int32, error) {
	if fd < 0 || int(int32(fd)) != fd {
		return -1, &sys.Error{Call: "register", FD: fd, Err: syscall.EBADF, Advice: "no number of a descriptor"}
	}
	return int32(fd), nil
}

func (p *Poller[K]) errInterest(interest Interest) error {
	return fmt.Errorf("iomux: %v does not support %v: %w", p.mechanism, interest, errors.ErrUnsupported)
}

func errNotPollable(fd int, interest Interest) error {
	return fmt.Errorf("%w: descriptor %d, for %v", ErrNotPollable, fd, interest)
}

func errNotOpen(fd int) error {
	return &sys.Error{Call: "register", FD: fd, Err: syscall.EBADF, Advice: "it is not open"}
}

func errRegistered(fd int) error {
	return &sys.Error{Call: "register", FD: fd, Err: syscall.EEXIST, Advice: "registered already: use Modify"}
}

var (
	errNotRegistered = fmt.Errorf("iomux: not registered: %w", os.NewSyscallError("modify", syscall.ENOENT))
	errKind          = fmt.Errorf("iomux: timers, signals and processes cannot be modified: %w", errors.ErrUnsupported)
)
