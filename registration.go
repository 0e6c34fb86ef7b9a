package iomux

import (
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"

	"iomux/descriptor"
	"iomux/internal/backend"
)

// The errors of registrations. All of them have other names, too: ErrRegistered is syscall.EEXIST,
// ErrNotRegistered is syscall.ENOENT, and ErrNotPollable is errors.ErrUnsupported.
var (
	// ErrRegistered is returned when the descriptor is already registered.
	ErrRegistered = backend.ErrRegistered
	// ErrNotRegistered is returned after Unregister.
	ErrNotRegistered = backend.ErrNotRegistered
	// ErrNotPollable is returned for a source that no mechanism of the system can wait for.
	ErrNotPollable = backend.ErrNotPollable
)

// Registration is a registered source. Its methods may be called at any time from any goroutine.
// The zero value is that of an unregistered source.
type Registration[K any] struct {
	tag      uint32
	fd       int32
	interest Interest
	kind     Kind
	// The Poller's lock guards these, except always, which is set before anybody else sees it.
	live     bool   // registered
	disarmed bool   // one-shot, and was reported
	absent   bool   // not in the mechanism; Modify adds it
	always   bool   // no mechanism can wait for it: it is always ready
	gone     bool   // the descriptor was closed, or belongs to another file now
	armed    uint16 // counts the calls of Modify
	key      K
	poller   *Poller[K]
	source   *source // nil if only the number is known
}

// source is what is known of a source besides its descriptor.
type source struct {
	value any             // kept reachable, so that no finalizer closes it; for other kinds, what the source needs
	raw   syscall.RawConn // of the value, if it is a syscall.Conn
}

// Register adds src to the Poller. Events of src carry key and the returned Registration. The
// source is an integer, a file, a connection, a listener or anything else that [descriptor.Of]
// accepts. It is kept reachable until Unregister. A Wait in progress reports it, too.
//
// Register leaves the mode and the deadlines of a file or connection as they are. If another
// goroutine reads from the source, it takes the data away that is reported here.
//
// Unregister a source before you close it. If you close it first, its events end all the same,
// with one exception: epoll keeps reporting it, under its own key, while a duplicate of the
// descriptor is open. [Registration.Unregister] ends that, too.
//
// A regular file or a directory is always ready for reading and writing, as select and poll say, so
// no Wait sleeps while one is registered. Use [Poller.RegisterPath] to wait for changes of a file.
//
// Errors: [ErrRegistered] if the descriptor is registered already; os.ErrClosed if src or the
// Poller is closed; EBADF if a number is not an open descriptor; errors.ErrUnsupported if the
// mechanism does not support interest; [ErrNotPollable]; ENOSPC and others of epoll_ctl(2); ENOMEM
// and others of kevent(2); EPIPE for the writing end of a pipe without a reader on FreeBSD; the
// errors of [descriptor.Of].
func (p *Poller[K]) Register(src any, interest Interest, key K) (*Registration[K], error) {
	fd, err := descriptor.Of(src)
	if err != nil {
		return nil, err
	}
	r := &Registration[K]{poller: p, key: key, source: &source{value: src}, interest: interest}
	conn, ok := src.(syscall.Conn)
	if !ok {
		return r.added(fd, p.add(r, fd))
	}
	// The descriptor is held open during the call, so that no other file gets its number.
	if r.source.raw, err = conn.SyscallConn(); err == nil {
		var errAdd error
		err = r.source.raw.Control(func(fd uintptr) { errAdd = p.add(r, int(fd)) })
		if err == nil {
			return r.added(fd, errAdd)
		}
	}
	return nil, fmt.Errorf("iomux: register %T: %w: %w", src, os.ErrClosed, err)
}

// RegisterFD is like [Poller.Register] for the number of a descriptor, and saves an allocation.
// Unregister the descriptor before you close it: poll and select cannot distinguish a closed
// descriptor from one that reuses its number.
func (p *Poller[K]) RegisterFD(fd int, interest Interest, key K) (*Registration[K], error) {
	r := &Registration[K]{poller: p, key: key, interest: interest}
	return r.added(fd, p.add(r, fd))
}

// added returns the result of Register.
func (r *Registration[K]) added(fd int, err error) (*Registration[K], error) {
	if err != nil {
		return nil, failure("register", fd, err)
	}
	return r, nil
}

// failure names the call and the descriptor of a failed call.
func failure(call string, fd int, err error) error {
	if errors.Is(err, os.ErrClosed) {
		return errClosed
	}
	return fmt.Errorf("iomux: %s descriptor %d: %w", call, fd, err)
}

// add registers r, whose descriptor is fd.
func (p *Poller[K]) add(r *Registration[K], fd int) error {
	if p.backend == nil || p.isClosed.Load() {
		return errClosed
	}
	if fd < 0 || fd > math.MaxInt32 {
		return backend.ErrNotOpen
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isClosed.Load() {
		return errClosed
	}
	if err := p.addToTable(r, fd); err != nil {
		return err
	}
	p.enlist(r)
	return nil
}

// addToTable puts r, whose descriptor is fd, into the mechanism and the table.
func (p *Poller[K]) addToTable(r *Registration[K], fd int) error {
	if !p.backend.Supports(backend.Interest(r.interest)) {
		return p.errInterest(r.interest)
	}
	r.fd, r.tag = int32(fd), p.nextTag()
	old := p.table.Get(r.fd)
	switch err := p.addToBackend(r, old); err {
	case nil:
	case backend.ErrAlwaysReady:
		if old != nil && old.always && !old.gone && !old.isClosed() {
			return ErrRegistered
		}
		if !backend.IsAlwaysReady(fd, backend.Interest(r.interest)) {
			return ErrNotPollable
		}
		r.always = true
		p.setReady(r)
	default:
		return err
	}
	if old != nil {
		old.vanish()
	}
	p.table.Set(r.fd, r)
	return nil
}

// addToBackend adds r, in place of old if that is of another file or of none.
func (p *Poller[K]) addToBackend(r, old *Registration[K]) error {
	fd, interest := int(r.fd), backend.Interest(r.interest)
	if !p.can.Exact {
		if old != nil && !old.gone && !old.isClosed() {
			return ErrRegistered
		}
		if old != nil {
			old.vanish() // before r has the number
		}
		return p.backend.Add(fd, interest, r.tag)
	}
	err := p.backend.Add(fd, interest, r.tag)
	if err == backend.ErrRegistered && (old == nil || old.isClosed()) {
		// A registration of the same file under the same number. It could not be removed while the
		// number was closed.
		return p.backend.Modify(fd, 0, interest, r.tag)
	}
	return err
}

func (p *Poller[K]) enlist(r *Registration[K]) {
	r.live = true
	p.count++
	p.announce()
}

// announce makes a Wait in progress take a change into account.
func (p *Poller[K]) announce() {
	if !p.can.Live {
		p.backend.Wake()
	}
}

// setReady makes r, which is always ready, one of the pending.
func (p *Poller[K]) setReady(r *Registration[K]) {
	r.disarmed = false
	p.always = append(p.always, r)
	p.countPending()
	p.backend.Wake()
}

// Key returns the key that was given to Register.
func (r *Registration[K]) Key() K { return r.key }

// Modify replaces the interest and the mode. It arms a one-shot registration again, and an
// edge-triggered one reports anew what is ready. It does not allocate.
//
// Errors: [ErrNotRegistered]; EBADF or ENOENT if the source was closed; errors.ErrUnsupported if
// the mechanism does not support interest, and for any source that is not a descriptor;
// os.ErrClosed after Close of the Poller. If Modify fails, the registration is what it was before.
func (r *Registration[K]) Modify(interest Interest) error {
	p := r.poller
	if p == nil {
		return fmt.Errorf("iomux: modify: %w", ErrNotRegistered)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.modify(r, interest); err != nil {
		return failure("modify", int(r.fd), err)
	}
	p.dropPosted(r)
	r.armed++
	r.interest, r.disarmed, r.absent = interest, false, false
	p.announce()
	return nil
}

func (p *Poller[K]) modify(r *Registration[K], interest Interest) error {
	switch {
	case p.isClosed.Load():
		return errClosed
	case !r.live:
		return ErrNotRegistered
	case r.kind != KindIO:
		return errKind
	case !p.backend.Supports(backend.Interest(interest)):
		return p.errInterest(interest)
	case r.gone, r.always && !r.isOpen():
		return errSourceClosed
	case r.always && interest&(Readable|Writable) == 0:
		return ErrNotPollable
	case r.always:
		if r.disarmed {
			p.setReady(r)
		}
		return nil
	}
	fd, tag := int(r.fd), r.tag
	if !p.can.Exact {
		tag = p.nextTag() // what was reported before is stale
	}
	var err error
	if r.absent {
		err = p.backend.Add(fd, backend.Interest(interest), tag)
	} else {
		err = p.backend.Modify(fd, backend.Interest(r.interest), backend.Interest(interest), tag)
	}
	if err == nil {
		r.tag = tag
	}
	return err
}

// Unregister removes the source. No Wait that begins afterwards reports it. Unregister succeeds
// also if the source was closed before. It does not allocate.
//
// Errors: [ErrNotRegistered] after an earlier Unregister; os.ErrClosed after Close of the Poller.
func (r *Registration[K]) Unregister() error {
	p := r.poller
	if p == nil {
		return fmt.Errorf("iomux: unregister: %w", ErrNotRegistered)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.isClosed.Load():
		return errClosed
	case !r.live:
		return fmt.Errorf("iomux: unregister: %w", ErrNotRegistered)
	}
	p.dropPosted(r)
	r.end()
	return nil
}

// end ends a registration.
func (r *Registration[K]) end() {
	p := r.poller
	r.live = false
	p.count--
	r.withdraw()
	if r.kind != KindIO {
		p.stop(r)
	}
	r.source = nil
	p.announce()
}

// AlwaysReady reports whether the source is one that the mechanism cannot wait for, such as a
// regular file. Every Wait reports it as ready. Only epoll and kqueue distinguish such sources;
// with another mechanism, false means nothing.
func (r *Registration[K]) AlwaysReady() bool { return r.always }

// withdraw takes r out of wherever it is.
func (r *Registration[K]) withdraw() {
	p := r.poller
	if r.always {
		r.dropAlways()
	}
	if r.fd < 0 || p.table.Get(r.fd) != r {
		return // a source without a descriptor, or another one has its number now
	}
	p.table.Set(r.fd, nil)
	if r.gone || r.absent || r.always {
		return
	}
	if !p.backend.Remove(int(r.fd), backend.Interest(r.interest)) {
		// It was closed. The kernel may keep it all the same, and report it, while a duplicate is
		// open.
		p.orphans++
	}
}

// dropAlways takes r out of the list of sources that are always ready.
func (r *Registration[K]) dropAlways() {
	p := r.poller
	for i, other := range p.always {
		if other == r {
			p.always = append(p.always[:i], p.always[i+1:]...)
			p.countPending()
			return
		}
	}
}

// vanish notes that the descriptor no longer belongs to r.
func (r *Registration[K]) vanish() {
	if r.gone {
		return
	}
	r.gone = true
	if r.always {
		r.dropAlways()
		return
	}
	r.poller.backend.Forget(int(r.fd), backend.Interest(r.interest))
	r.poller.orphans++
}

// disarm makes r silent, after it was reported, until it is modified.
func (r *Registration[K]) disarm() {
	r.disarmed = true
	if p := r.poller; !p.can.OneShot {
		p.backend.Forget(int(r.fd), backend.Interest(r.interest))
	}
}

// isClosed reports whether the source was closed, as far as that can be seen.
func (r *Registration[K]) isClosed() bool {
	return r.source != nil && r.source.raw != nil && r.source.raw.Control(nothing) != nil
}

func nothing(uintptr) {}

func (p *Poller[K]) nextTag() uint32 {
	p.newest++
	if p.newest == 0 { // which no registration has
		p.newest++
	}
	return p.newest
}

func (p *Poller[K]) errInterest(interest Interest) error {
	return fmt.Errorf("%v does not support %v: %w", p.mechanism, interest, errors.ErrUnsupported)
}

var (
	errSourceClosed = fmt.Errorf("the source is closed; unregister it: %w", syscall.EBADF)
	errKind         = fmt.Errorf("timers, signals, processes and paths cannot be modified: %w", errors.ErrUnsupported)
)
