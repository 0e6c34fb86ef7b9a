package iomux

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"iomux/internal/backend"
	"iomux/internal/donewatch"
	"iomux/internal/fdtable"
	"iomux/internal/freelist"
	"iomux/internal/netpark"
	"iomux/internal/timerheap"
)

// Poller waits on any mix of descriptors, files, connections, timers, signals, processes and paths.
// Each event carries the key that was passed to Register. A Poller is safe for concurrent use. The
// zero value is a closed Poller.
//
// With epoll on Linux, waiting goroutines are parked in the Go scheduler and block no thread. With
// other mechanisms, and with [WithBlocking], one waiting goroutine blocks a thread, and the others
// wait for their turn.
//
//   - Close, Wake, a cancelled context and an expired timeout interrupt a wait promptly. A timeout
//     is never shortened.
//   - Register, Modify and Unregister do not block during a wait, and take effect on that wait.
//   - A Wait that begins after Unregister returned does not report the source.
//   - A closed descriptor is never mistaken for the next file with the same number. Epoll and
//     kqueue guarantee this for every source. The other mechanisms guarantee it for a file or
//     connection, but not for a bare number.
//   - An edge or one-shot event reaches exactly one of several waiting goroutines. A
//     level-triggered event may be delivered to several of them, until the condition ends.
//   - Wait, WaitTimeout, Modify and Unregister do not allocate.
//
// If a Poller becomes unreachable without Close, the garbage collector releases its descriptors and
// ends its sources. Each of its Registrations keeps a Poller reachable.
//
// A program that closes descriptors of the Poller by their numbers breaks it. Close still
// interrupts a wait with epoll or kqueue. With poll, select or /dev/poll, a wait in progress then
// cannot be interrupted. It ends when a source is ready or the timeout expires, and later waits
// return EBADF.
type Poller[K any] struct {
	backend   backend.Backend
	can       backend.Traits
	mechanism Mechanism
	cleanup   runtime.Cleanup
	isClosed  atomic.Bool
	closed    chan struct{} // closed by Close
	woken     atomic.Bool   // Wake was called, and no wait has returned for it yet
	pending   atomic.Int64  // len(alwaysReady) + len(posted)
	policy    policy

	// One waiting goroutine, the leader, may sleep in the backend. The others wait for the
	// turn, which is a channel with room for the leader. Only the leader uses the fields below.
	turn       chan struct{}
	leader     context.Context // the context of the leader's Wait
	sleepBatch backend.Batch   // for Sleep
	watched    <-chan struct{} // the Done channel that watcher watches

	watcher    *donewatch.Watcher         // wakes the leader when its context is done
	turnTimers freelist.List[*time.Timer] // for goroutines that wait for the turn

	// The lock of a descriptor is held while the descriptor is registered, modified or
	// unregistered. It is acquired before mu.
	descriptors fdtable.Locks
	// orphans counts the former registrations that the kernel may still report, because they
	// could not be removed.
	orphans atomic.Int64

	// mu guards the fields below. It is never held over a system call that blocks.
	mu          sync.Mutex
	table       fdtable.Table[Registration[K]] // the registrations that have a descriptor
	count       int                            // the number of registrations
	newestTag   uint32
	lookBatch   backend.Batch                 // for Look
	alwaysReady []*Registration[K]            // the sources that no mechanism can wait for
	posted      []postedEvent[K]              // the pending events
	sources     map[*Registration[K]]struct{} // the signals, processes and paths, for Close
	paths       *paths[K]                     // nil if no path is registered

	schedule schedule[K]
}

// New returns a Poller. It uses the best mechanism of this system: epoll on Linux, kqueue on
// macOS and the BSDs, event ports on Solaris and illumos, AFD on Windows, poll on other Unixes.
//
// A Poller holds up to three descriptors. On Linux the third one, which lets goroutines park, is
// opened by a Wait of 2 ms or more, and closed while the Poller is busy. If the process has no
// descriptor left then, that Wait blocks a thread instead. A Poller can therefore always wait, even
// at the descriptor limit. The exceptions are [Poll] and [DevPoll]: poll(2) fails with EINVAL if
// its list is longer than RLIMIT_NOFILE.
//
// The first New of a process also starts the Go runtime's netpoller, which uses two or three
// descriptors. Otherwise the first timer would start it, and the runtime would end the program if
// no descriptor was left.
//
// On Windows a Poller waits on sockets. Register returns [ErrNotPollable] for other handles.
//
// Errors: EMFILE, ENFILE, ENOMEM and others of epoll_create(2), eventfd(2) or pipe(2);
// errors.ErrUnsupported if the mechanism is not available, or if the system has none.
func New[K any](opts ...Option) (*Poller[K], error) {
	chosen := options{mechanism: best()}
	for _, opt := range opts {
		if opt != nil {
			opt(&chosen)
		}
	}
	if err := netpark.Start(); err != nil {
		return nil, err
	}
	b, err := chosen.openBackend()
	if err != nil {
		return nil, err
	}
	p := &Poller[K]{
		backend:   b,
		can:       b.Traits(),
		mechanism: chosen.mechanism,
		closed:    make(chan struct{}),
		turn:      make(chan struct{}, 1),
		watcher:   donewatch.New(b.Wake),
	}
	p.cleanup = runtime.AddCleanup(p, func(w *donewatch.Watcher) {
		w.Stop()
		_ = b.Close() // nobody can receive the error
	}, p.watcher)
	return p, nil
}

// Mechanism returns the mechanism that the Poller uses.
func (p *Poller[K]) Mechanism() Mechanism { return p.mechanism }

// Supports reports whether the mechanism has every condition and mode of interest.
func (p *Poller[K]) Supports(interest Interest) bool {
	return p.backend != nil && p.backend.Supports(backend.Interest(interest))
}

// Len returns the number of current registrations, and may count a call of Register in progress.
// After Close it returns 0.
func (p *Poller[K]) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// Wake makes the current Wait, or else the next one, return at once. That Wait returns what is
// ready, which may be nothing. Several Wakes before it returns count as one.
//
// Errors: os.ErrClosed.
func (p *Poller[K]) Wake() error {
	if p.backend == nil || p.isClosed.Load() {
		return errClosed
	}
	if !p.woken.Swap(true) {
		p.backend.Wake()
	}
	return nil
}

// Close makes all waits return os.ErrClosed, and releases the Poller's resources. Registered files
// and connections remain open.
//
// Errors: os.ErrClosed if the Poller is already closed.
func (p *Poller[K]) Close() error {
	if p.backend == nil || p.isClosed.Swap(true) {
		return errClosed
	}
	p.cleanup.Stop()
	close(p.closed)
	p.watcher.Stop()
	p.backend.Wake()
	p.descriptors.LockAll()
	defer p.descriptors.UnlockAll()
	p.mu.Lock()
	defer p.mu.Unlock()
	for r := range p.sources {
		p.stopSource(r)
	}
	p.schedule.heap = timerheap.Heap[*Registration[K]]{}
	p.sources, p.table, p.count = nil, fdtable.Table[Registration[K]]{}, 0
	p.alwaysReady, p.posted = nil, nil
	return p.backend.Close()
}

// Option is an argument of [New].
type Option func(*options)

type options struct {
	mechanism Mechanism
	blocking  bool
	open      func() (backend.Backend, error) // for tests: replaces the mechanism's own
}

// WithMechanism selects m instead of the best mechanism of the system.
func WithMechanism(m Mechanism) Option { return func(o *options) { o.mechanism = m } }

// WithBlocking makes waits block a thread in the kernel instead of parking in the Go scheduler. Use
// it for a busy event loop, or when timeouts must be more precise than about 1 ms. It affects only
// [Epoll]: waits with other mechanisms always block.
func WithBlocking() Option { return func(o *options) { o.blocking = true } }

// openBackend returns the backend that the options select.
func (o *options) openBackend() (backend.Backend, error) {
	if o.open != nil {
		return o.open()
	}
	return o.mechanism.open(o.blocking)
}
