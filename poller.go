package iomux

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Poller waits on any mix of descriptors, files, connections, timers, signals and processes, and tells which of them are ready
// by the keys of the caller's choice. All of its methods may be called at any time from any goroutine; the zero value is a closed
// Poller.
//
// A Poller holds no goroutine and, on Linux, no thread: who waits is parked in the Go scheduler. With all else than epoll, and
// WithBlocking, one waiting goroutine blocks a thread, and the others wait for their turn.
//
//   - Close, Wake, a context and a timeout end a wait at once, whatever it waits for. No wait ends early.
//   - Register, Modify and Unregister do not wait for a wait under way, and take effect on it.
//   - After Unregister has returned, no Wait that begins reports the source. A descriptor that was closed, or whose number
//     belongs to another file now, is never mistaken for its successor: with epoll and kqueue in any case; with poll,
//     select, /dev/poll, event ports and AFD if it was given as a file or connection, since of a bare number these mechanisms
//     cannot tell, or not at once.
//   - Edge and one-shot events reach exactly one of several waiting goroutines. A level is reported to all, one after the
//     other, until it is gone.
//   - The waits, Modify and Unregister do not allocate.
type Poller[K any] struct {
	backend   backend
	can       traits
	mechanism Mechanism
	isClosed  atomic.Bool
	closed    chan struct{} // closed by Close
	woken     atomic.Bool   // by Wake, and no wait has returned for it yet
	pending   atomic.Int64  // len(always) + len(posted)
	busy      atomic.Bool   // something was ready at once, so the next wait looks before it makes ready to sleep

	turn   chan struct{}   // has room for the one goroutine that may sleep
	leader context.Context // that goroutine's
	slept  batch           // that goroutine's
	ready  func() bool     // p.maySleep, made once
	wake   func()          // p.backend.wake, made once

	watching sync.Mutex      // over the two
	watched  <-chan struct{} // the Done of the context that wakes us when it is done
	unwatch  func() bool

	mu      sync.Mutex // never held over a system call that blocks
	table   table[Registration[K]]
	count   int
	looked  batch
	streak  int    // waits and events since others were let run
	newest  uint32 // the tag that was given last
	orphans int    // registrations that the kernel may still hold and that cannot be removed
	stale   int    // events of registrations that are no more, since orphans was 0
	always  []*Registration[K]
	posted  []posting[K]
	odd     bool                        // whose turn it is where pending events and the kernel's compete for room
	stops   map[*Registration[K]]func() // what ends the timers, signals and processes
	timers  []*time.Timer               // for goroutines that wait for their turn
}

// Option is an argument of New.
type Option func(*options)

type options struct {
	mechanism Mechanism
	blocking  bool
	open      func() (backend, error) // in place of the mechanism's, for tests
}

// WithMechanism makes New use m instead of the best mechanism of the system.
func WithMechanism(m Mechanism) Option { return func(o *options) { o.mechanism = m } }

// WithBlocking makes waits block in the kernel, on a thread, rather than park in the Go scheduler. It is for the one loop of a
// program that is saturated most of the time, and where timeouts must be as precise as the kernel's. All but Epoll
// always block.
func WithBlocking() Option { return func(o *options) { o.blocking = true } }

// New makes a Poller with the best mechanism of this system: epoll on Linux, kqueue on macOS and the BSDs, event ports on
// Solaris and illumos, AFD on Windows, poll on other Unixes. It takes up to three descriptors, and up to two more once it has waited.
//
// On Windows a Poller waits on sockets, by AFD, DevPoll, Poll or Select, and Register refuses other handles as ErrNotPollable.
//
// Errors: EMFILE, ENFILE, ENOMEM and others of epoll_create(2), eventfd(2) or pipe(2); errors.ErrUnsupported for a mechanism
// that is not Available, and on a system that has none.
func New[K any](opts ...Option) (*Poller[K], error) {
	chosen := options{mechanism: best()}
	for _, opt := range opts {
		opt(&chosen)
	}
	if chosen.open == nil {
		chosen.open = func() (backend, error) { return open(chosen.mechanism, chosen.blocking) }
	}
	b, err := chosen.open()
	if err != nil {
		return nil, err
	}
	p := &Poller[K]{
		backend:   b,
		can:       b.traits(),
		mechanism: chosen.mechanism,
		closed:    make(chan struct{}),
		turn:      make(chan struct{}, 1),
		wake:      b.wake,
	}
	p.ready = p.maySleep
	return p, nil
}

// Mechanism is the one that the Poller uses.
func (p *Poller[K]) Mechanism() Mechanism { return p.mechanism }

// Supports reports whether every condition and mode of interest can be asked for.
func (p *Poller[K]) Supports(interest Interest) bool {
	return p.backend != nil && p.backend.supports(interest)
}

// Len is the number of registrations that were not unregistered, 0 after Close.
func (p *Poller[K]) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// Wait waits until a source is ready or the context is done, and fills events from the start. It returns the number of events,
// which is 0 only after a Wake. What finds no room in events is reported by the next Wait: the sources take turns. A nil
// context is context.Background.
//
// Errors: context.Cause(ctx) where the context is done, even if something is ready, which then is not taken; EINVAL for an
// empty events; os.ErrClosed also when Close is called meanwhile.
func (p *Poller[K]) Wait(ctx context.Context, events []Event[K]) (n int, err error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return p.wait(ctx, events, -1)
}

// WaitTimeout is Wait with a timeout instead of a context; after it has passed n is 0. A negative timeout blocks, zero does not
// wait, any other is never shortened. On Linux those below 2 ms are as precise as the kernel's, and so are all WithBlocking;
// longer ones come up to a millisecond late.
func (p *Poller[K]) WaitTimeout(events []Event[K], timeout time.Duration) (n int, err error) {
	return p.wait(context.Background(), events, timeout)
}

// Events iterates over the events, waiting for each, until the context is done or the Poller is closed: then it yields the
// reason as an error, and ends. What an iteration that is left early has not handed out is reported by the next Wait. A Wake
// does not show.
func (p *Poller[K]) Events(ctx context.Context) iter.Seq2[Event[K], error] {
	return func(yield func(Event[K], error) bool) {
		events := make([]Event[K], 64)
		for {
			n, err := p.Wait(ctx, events)
			if err != nil {
				yield(Event[K]{}, err)
				return
			}
			for i, event := range events[:n] {
				if !yield(event, nil) {
					p.putBack(events[i+1 : n])
					return
				}
			}
		}
	}
}

// Wake makes the Wait under way, or else the next one, return at once with what is ready, maybe nothing. Exactly one Wait
// returns for it, and for all Wakes before that return.
//
// Errors: os.ErrClosed.
func (p *Poller[K]) Wake() error {
	if p.backend == nil || p.isClosed.Load() {
		return errClosed
	}
	if !p.woken.Swap(true) {
		p.backend.wake()
	}
	return nil
}

// Close ends all waits with os.ErrClosed, and gives the Poller's descriptors and sources back. What was registered remains
// open.
//
// Errors: os.ErrClosed where it was closed before.
func (p *Poller[K]) Close() error {
	if p.backend == nil || p.isClosed.Swap(true) {
		return errClosed
	}
	close(p.closed)
	p.watching.Lock()
	if p.unwatch != nil {
		p.unwatch()
	}
	p.watching.Unlock()
	p.backend.wake()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, stop := range p.stops {
		stop()
	}
	p.stops, p.table, p.count = nil, table[Registration[K]]{}, 0
	p.always, p.posted = nil, nil
	return p.backend.close()
}

// Wait waits until one source is ready for what interest says, or the context is done, and tells what for. With ReadHangup it is
// the way to learn that the peer of a connection has gone without reading from it. It makes a Poller of its own; who waits often
// should keep one.
//
// Errors: those of New, Poller.Register and Poller.Wait.
func Wait(ctx context.Context, src any, interest Interest) (ready Interest, err error) {
	p, err := New[struct{}]()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if _, err := p.Register(src, interest, struct{}{}); err != nil {
		return 0, err
	}
	var events [1]Event[struct{}]
	_, err = p.Wait(ctx, events[:])
	return events[0].Ready, err
}

var errNoRoom = fmt.Errorf("iomux: %w: no room for events", os.NewSyscallError("wait", syscall.EINVAL))
