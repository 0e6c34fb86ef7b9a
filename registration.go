package iomux

import (
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"

	"iomux/descriptor"
	"iomux/internal/backend"
	"iomux/internal/sys"
)

// Errors of registrations. With errors.Is, ErrRegistered also matches syscall.EEXIST,
// ErrNotRegistered matches syscall.ENOENT, and ErrNotPollable matches errors.ErrUnsupported.
var (
	// ErrRegistered is returned when the descriptor is already registered.
	ErrRegistered = backend.ErrRegistered
	// ErrNotRegistered is returned by the methods of an unregistered Registration.
	ErrNotRegistered = backend.ErrNotRegistered
	// ErrNotPollable is returned for a source that the mechanism cannot wait for.
	ErrNotPollable error = backend.ErrNotPollable
)

// Registration is a registered source. It is safe for concurrent use. The zero value is
// unregistered.
type Registration[K any] struct {
	arming atomicArming
	fd     int32
	kind   Kind
	// These change with both the lock of the descriptor and the Poller's lock held, so either
	// of them is enough to read. Only Register sets alwaysReady.
	alwaysReady bool // no mechanism can wait for it
	live        bool // registered
	gone        bool // the descriptor was closed, or belongs to another file now
	tag         uint32
	key         K
	poller      *Poller[K]
	source      *source // nil if only the number is known; guarded by the Poller's lock
}

// source is the value behind a registration.
type source struct {
	// value is kept reachable, so that no finalizer closes it. For kinds other than KindIO it
	// is the state of the source.
	value any
	raw   syscall.RawConn // of value, if that is a syscall.Conn
}

// alwaysReadyFile is the value in the source of an always-ready registration.
type alwaysReadyFile struct {
	value any // the registered value
	file  sys.FileID
}

// Key returns the key that was passed to Register.
func (r *Registration[K]) Key() K { return r.key }

// AlwaysReady reports whether every Wait reports the source as ready because the mechanism cannot
// wait for it. Regular files are such sources. Only epoll and kqueue detect them. With other
// mechanisms AlwaysReady always returns false.
func (r *Registration[K]) AlwaysReady() bool { return r.alwaysReady }

// Register adds src to the Poller. Its events carry key and the returned Registration. The source
// is an integer, a file, a connection, a listener or anything else that [descriptor.Of] accepts.
// Register keeps it reachable until Unregister. A Wait in progress also reports it.
//
// Register does not change the blocking mode or the deadlines of a file or connection. If another
// goroutine reads from the source, it may take the reported data first.
//
// Unregister a source before you close it. Closing it first also ends its events, with one
// exception: epoll continues to report it, with its own key, while a duplicate of the descriptor is
// open. [Registration.Unregister] ends these events.
//
// A regular file, a directory or a device such as /dev/null is always ready for reading and
// writing, so no Wait sleeps while one is registered. With [Edge] it is reported once. Without
// [Readable] and [Writable], epoll and kqueue refuse it with [ErrNotPollable], and the other
// mechanisms never report it. Use [Poller.RegisterPath] to wait for changes of a file.
//
// Errors:
//
//   - [ErrRegistered]: the descriptor is already registered
//   - [ErrNotPollable]: the mechanism cannot wait for the source
//   - errors.ErrUnsupported: the mechanism does not support interest
//   - os.ErrClosed: src or the Poller is closed
//   - EBADF: the number is not an open descriptor
//   - EPIPE: on FreeBSD, src is the writing end of a pipe without a reader
//   - ENOSPC, ENOMEM and others of epoll_ctl(2) and kevent(2)
//   - the errors of [descriptor.Of]
func (p *Poller[K]) Register(src any, interest Interest, key K) (*Registration[K], error) {
	fd, err := descriptor.Of(src)
	if err != nil {
		return nil, err
	}
	r := &Registration[K]{poller: p, key: key, source: &source{value: src}}
	r.arming.store(newArming(interest, 0))
	conn, ok := src.(syscall.Conn)
	if !ok {
		return r.orError(p.register(r, fd))
	}
	// The descriptor is held open during the call, so that no other file gets its number.
	if r.source.raw, err = conn.SyscallConn(); err == nil {
		var errRegister error
		err = r.source.raw.Control(func(fd uintptr) { errRegister = p.register(r, int(fd)) })
		if err == nil {
			return r.orError(errRegister)
		}
	}
	return nil, fmt.Errorf("iomux: register %T: %w: %w", src, os.ErrClosed, err)
}

// RegisterFD is like [Poller.Register] for the number of a descriptor, and saves an allocation.
// Unregister the descriptor before you close it: poll and select cannot distinguish a closed
// descriptor from one that reuses its number.
func (p *Poller[K]) RegisterFD(fd int, interest Interest, key K) (*Registration[K], error) {
	r := &Registration[K]{poller: p, key: key}
	r.arming.store(newArming(interest, 0))
	return r.orError(p.register(r, fd))
}

// orError returns r, or nil and the error if there is one.
func (r *Registration[K]) orError(err error) (*Registration[K], error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// register adds r, whose descriptor is fd.
func (p *Poller[K]) register(r *Registration[K], fd int) error {
	if err := p.add(r, fd); err != nil {
		return failure("register", fd, err)
	}
	return nil
}

// failure adds the call, and the descriptor if there is one, to an error.
func failure(call string, fd int, err error) error {
	if errors.Is(err, os.ErrClosed) {
		return errClosed
	}
	if errors.Is(err, errNotModifiable) { // the source has no descriptor
		return fmt.Errorf("iomux: %s: %w", call, err)
	}
	return fmt.Errorf("iomux: %s descriptor %d: %w", call, fd, err)
}

// add is register with errors that name neither the call nor the descriptor.
func (p *Poller[K]) add(r *Registration[K], fd int) error {
	if p.backend == nil || p.isClosed.Load() {
		return errClosed
	}
	if fd < 0 || fd > math.MaxInt32 {
		return backend.ErrNotOpen
	}
	defer p.descriptors.Lock(int32(fd)).Unlock()
	p.mu.Lock()
	// A number that is not open must not enlarge the table.
	isNew := p.table.HasPage(int32(fd)) && p.table.Get(int32(fd)) == nil
	if isNew && p.can.Parallel && p.backend.Supports(r.backendInterest()) && !p.isClosed.Load() {
		return p.addParallel(r, fd)
	}
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

// addParallel is add for a descriptor that is not in the table. It releases the Poller's lock
// before it calls the backend. The table has r by then, because another goroutine may take its
// first event during the call.
func (p *Poller[K]) addParallel(r *Registration[K], fd int) error {
	r.fd, r.tag = int32(fd), p.nextTag()
	p.table.Set(r.fd, r)
	p.enlist(r)
	p.mu.Unlock()
	err := p.addToBackend(r, nil)
	if err == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err = r.afterAdd(err, nil); err != nil {
		r.live = false
		p.count--
		p.table.Set(r.fd, nil)
	}
	p.backend.Forget(fd, r.backendInterest()) // a Sleep may have found it in the table
	return err
}

// addToTable adds r, whose descriptor is fd, to the mechanism and the table.
func (p *Poller[K]) addToTable(r *Registration[K], fd int) error {
	interest := r.arming.load().interest()
	if !p.backend.Supports(backend.Interest(interest)) {
		return p.errInterest(interest)
	}
	r.fd, r.tag = int32(fd), p.nextTag()
	old := p.table.Get(r.fd)
	if err := r.afterAdd(p.addToBackend(r, old), old); err != nil {
		return err
	}
	if old != nil {
		old.markGone()
	}
	p.table.Set(r.fd, r)
	return nil
}

// afterAdd handles the result of addToBackend. It makes a source that the mechanism cannot wait for
// an always-ready one.
func (r *Registration[K]) afterAdd(err error, old *Registration[K]) error {
	if err != backend.ErrAlwaysReady {
		return err
	}
	if old != nil && old.alwaysReady && !old.gone && old.isOpen() {
		return ErrRegistered
	}
	if !backend.IsAlwaysReady(int(r.fd), r.backendInterest()) {
		return ErrNotPollable
	}
	if r.source == nil {
		r.source = new(source)
	}
	r.source.value = alwaysReadyFile{r.source.value, sys.Identify(int(r.fd))}
	r.alwaysReady = true
	r.poller.addAlwaysReady(r)
	return nil
}

// addToBackend adds r. It replaces old if the descriptor of old was closed.
func (p *Poller[K]) addToBackend(r, old *Registration[K]) error {
	fd, interest := int(r.fd), r.backendInterest()
	if !p.can.Exact {
		if old != nil && !old.gone && !old.isClosed() {
			return ErrRegistered
		}
		if old != nil {
			old.markGone() // before r has the number
		}
		return p.backend.Add(fd, interest, r.tag)
	}
	err := p.backend.Add(fd, interest, r.tag)
	if err == backend.ErrRegistered && (old == nil || old.isClosed()) {
		// The kernel still holds a registration of this file and number, which could not be
		// removed while the number was closed.
		return p.backend.Modify(fd, 0, interest, r.tag)
	}
	return err
}

// enlist counts r, which is registered from now on.
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

// Unregister removes the source. A Wait that begins afterwards does not report it. Unregister also
// succeeds if the source is already closed. It does not allocate.
//
// Errors: [ErrNotRegistered] if it is already unregistered; os.ErrClosed if the Poller is closed.
func (r *Registration[K]) Unregister() error {
	p := r.poller
	if p == nil {
		return fmt.Errorf("iomux: unregister: %w", ErrNotRegistered)
	}
	defer p.descriptors.Lock(r.fd).Unlock()
	p.mu.Lock()
	switch {
	case p.isClosed.Load():
		p.mu.Unlock()
		return errClosed
	case !r.live:
		p.mu.Unlock()
		return fmt.Errorf("iomux: unregister: %w", ErrNotRegistered)
	case !p.can.Parallel || r.kind != KindIO:
		r.unregister()
		p.mu.Unlock()
		return nil
	}
	isWatched := r.delist()
	p.mu.Unlock()
	if isWatched {
		r.removeFromBackend()
	}
	return nil
}

// unregister is Unregister with the Poller's lock held.
func (r *Registration[K]) unregister() {
	p := r.poller
	if r.kind != KindIO {
		p.stopSource(r)
	}
	if r.delist() {
		r.removeFromBackend()
	}
	p.announce()
}

// delist undoes enlist and addToTable. It reports whether the backend still has r.
func (r *Registration[K]) delist() (isWatched bool) {
	r.live = false
	r.poller.count--
	r.source = nil
	return r.removeFromTable()
}

// removeFromTable removes r from the table and the always-ready sources. It reports whether the
// backend still has r.
func (r *Registration[K]) removeFromTable() (isWatched bool) {
	p := r.poller
	if r.alwaysReady {
		r.removeAlwaysReady()
	}
	if r.fd < 0 || p.table.Get(r.fd) != r {
		return false // r has no descriptor, or another registration has its number now
	}
	p.table.Set(r.fd, nil)
	return !r.gone && !r.alwaysReady && (p.can.OneShot || !r.arming.load().isDisarmed())
}

func (r *Registration[K]) removeFromBackend() {
	p := r.poller
	if !p.backend.Remove(int(r.fd), r.backendInterest()) {
		// The descriptor was closed. While a duplicate is open, the kernel may keep the
		// registration and report it.
		p.orphans.Add(1)
	}
}

// markGone records that the descriptor no longer belongs to r.
func (r *Registration[K]) markGone() {
	if r.gone {
		return
	}
	r.gone = true
	if r.alwaysReady {
		r.removeAlwaysReady()
		return
	}
	r.poller.backend.Forget(int(r.fd), r.backendInterest())
	r.poller.orphans.Add(1)
}

// backendInterest returns the interest in the backend's type.
func (r *Registration[K]) backendInterest() backend.Interest {
	return backend.Interest(r.arming.load().interest())
}

// isClosed reports whether the source is known to be closed. It never is if only its number is
// known.
func (r *Registration[K]) isClosed() bool {
	return r.source != nil && r.source.raw != nil && r.source.raw.Control(nothing) != nil
}

func nothing(uintptr) {}

func (p *Poller[K]) nextTag() uint32 {
	p.newestTag++
	if p.newestTag == 0 { // no registration has tag 0
		p.newestTag++
	}
	return p.newestTag
}

func (p *Poller[K]) errInterest(interest Interest) error {
	return fmt.Errorf("%v does not support %v: %w", p.mechanism, interest, errors.ErrUnsupported)
}

var (
	errSourceClosed  = &sys.CauseError{Text: "the source is closed; unregister it", Cause: syscall.EBADF}
	errNotModifiable = &sys.CauseError{
		Text:  "timers, signals, processes and paths cannot be modified",
		Cause: errors.ErrUnsupported,
	}
)
