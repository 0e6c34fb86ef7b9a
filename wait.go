package iomux

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"syscall"
	"time"

	"iomux/internal/backend"
	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Wait waits until a source is ready or ctx is done. It stores events in events and returns their
// number, which is 0 only after a Wake. Events that do not fit are returned by the next Wait: the
// sources take turns. A nil context is context.Background().
//
// Errors: context.Cause(ctx) if ctx is done, in which case no event was taken; EINVAL if events is
// empty; os.ErrClosed, also if Close is called during the wait; the errors of the mechanism's own
// call, such as ENOMEM.
func (p *Poller[K]) Wait(ctx context.Context, events []Event[K]) (n int, err error) {
	if ctx == nil {
		ctx = context.Background()
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return p.wait(ctx, events, -1)
}

// WaitTimeout is like [Poller.Wait] with a timeout d instead of a context. It returns 0 after the
// timeout. If d is zero or negative, it does not wait. However short the timeout is, WaitTimeout
// checks for ready sources at least once.
//
// A timeout is never shortened. On Linux a timeout of 2 ms or more can expire up to a millisecond
// late. Shorter timeouts, and all timeouts with [WithBlocking], are as precise as the kernel's.
func (p *Poller[K]) WaitTimeout(events []Event[K], d time.Duration) (n int, err error) {
	if d > 0 {
		return p.wait(context.Background(), events, d)
	}
	if err := p.check(events); err != nil {
		return 0, err
	}
	return p.lastLook(events)
}

// Events returns an iterator that waits for events. If Wait fails, because ctx is done or the
// Poller is closed, the iterator yields the error and ends. If the loop breaks early or panics, the
// remaining events are returned by the next Wait. A Wait inside the loop does not return them. Wake
// does not interrupt the iteration.
func (p *Poller[K]) Events(ctx context.Context) iter.Seq2[Event[K], error] {
	return func(yield func(Event[K], error) bool) {
		events := make([]Event[K], 64)
		for {
			n, err := p.Wait(ctx, events)
			if err != nil {
				yield(Event[K]{}, err)
				return
			}
			if !p.yieldEach(events[:n], yield) {
				return
			}
		}
	}
}

// yieldEach yields the events, and reports whether the loop goes on. If it ends early, even with a
// panic, the next Wait returns the remaining events.
func (p *Poller[K]) yieldEach(events []Event[K], yield func(Event[K], error) bool) bool {
	defer func() { p.putBack(events) }()
	for len(events) > 0 {
		event := events[0]
		events = events[1:]
		if p.isCurrent(&event) && !yield(event, nil) {
			return false
		}
	}
	return true
}

// isCurrent is Event.isCurrent with the lock held.
func (p *Poller[K]) isCurrent(event *Event[K]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return event.isCurrent()
}

// Wait waits until src is ready for interest or ctx is done, and returns the conditions that are
// ready. With [ReadHangup] it detects that the peer has closed a connection, without reading from
// it. Each call opens a Poller. To wait often, keep a [Poller].
//
// Errors: those of [New], [Poller.Register] and [Poller.Wait].
func Wait(ctx context.Context, src any, interest Interest) (ready Interest, err error) {
	p, err := New[struct{}]()
	if err != nil {
		return 0, err
	}
	defer func() {
		if errClose := p.Close(); err == nil {
			err = errClose
		}
	}()
	if _, err := p.Register(src, interest, struct{}{}); err != nil {
		return 0, err
	}
	var events [1]Event[struct{}]
	_, err = p.Wait(ctx, events[:])
	return events[0].Ready, err
}

var (
	errClosed = &sys.CauseError{Text: "iomux", Cause: backend.ErrClosed}
	errNoRoom = &sys.CauseError{
		Text:  "iomux: wait: there is no room for events",
		Cause: &os.SyscallError{Syscall: "wait", Err: syscall.EINVAL},
	}
)

// check returns the error of a wait that cannot begin.
func (p *Poller[K]) check(events []Event[K]) error {
	switch {
	case p.backend == nil || p.isClosed.Load():
		return errClosed
	case len(events) == 0:
		return errNoRoom
	}
	return nil
}

// wait takes events, and waits for them. The comment of policy shows its steps, and
// docs/waiting.md the calls between it and the backend.
func (p *Poller[K]) wait(ctx context.Context, events []Event[K], d time.Duration) (int, error) {
	if err := p.check(events); err != nil {
		return 0, err
	}
	if p.policy.lookFirst.Load() {
		n, wake, err := p.look(events)
		if n > 0 || wake || err != nil {
			return n, err
		}
		p.policy.lookFirst.Store(false)
	}
	countdown := timeout.Start(d)
	select {
	case p.turn <- struct{}{}:
	default:
		// Another goroutine leads. Ready sources need not wait for it.
		if n, wake, err := p.look(events); n > 0 || wake || err != nil {
			return n, err
		}
		if err := p.awaitTurn(ctx, &countdown); err == errTimeout {
			return p.lastLook(events)
		} else if err != nil {
			return 0, err
		}
	}
	p.leader = ctx
	n, err := p.lead(ctx, events, &countdown)
	p.leader = nil
	<-p.turn
	return n, err
}

// look takes ready events without waiting. wake reports whether this wait must return because of a
// Wake. A busy loop does little else: one lock and one system call.
func (p *Poller[K]) look(events []Event[K]) (n int, wake bool, err error) {
	p.mu.Lock()
	wake = p.woken.Load() && p.woken.CompareAndSwap(true, false)
	b := &p.lookBatch
	round := timeout.Start(0)
	for n == 0 && err == nil {
		if p.isClosed.Load() {
			err = errClosed
			break
		}
		b.MakeRoom(len(events))
		now := p.schedule.due()
		pending := p.pending.Load() > 0 || now > 0
		if pending {
			b.Room -= p.policy.reserve(b.Room, p.maxPending(now))
		}
		b.N = 0
		if b.Room > 0 {
			err = waitFailure(p.backend.Look(b))
		}
		if err != nil || b.N == 0 && !pending && !b.Hidden {
			break
		}
		if n = p.deliver(b, events, now); n == 0 && !round.LookAgain(b.Source()) {
			break
		}
	}
	p.unlock(n)
	return n, wake, err
}

// maxPending returns the largest number of events that can come from the Poller itself.
func (p *Poller[K]) maxPending(now int64) int {
	n := len(p.alwaysReady) + len(p.posted)
	if now > 0 {
		n += p.schedule.heap.Len()
	}
	return n
}

// lastLook looks once more after the timeout. A ready source is therefore reported, however short
// the timeout was and however late the goroutine runs.
func (p *Poller[K]) lastLook(events []Event[K]) (int, error) {
	n, _, err := p.look(events)
	return n, err
}

var errTimeout = errors.New("timeout")

// awaitTurn waits until no other goroutine leads, and takes the turn.
func (p *Poller[K]) awaitTurn(ctx context.Context, countdown *timeout.Countdown) error {
	var timer *time.Timer
	var expired <-chan time.Time
	if countdown.Left() >= 0 {
		timer = p.turnTimers.GetOr(func() *time.Timer { return time.NewTimer(time.Hour) })
		defer func() {
			timer.Stop()
			p.turnTimers.Put(timer)
		}()
		expired = timer.C
	}
	for {
		left := countdown.Left()
		if left == 0 {
			return errTimeout
		}
		if timer != nil {
			timer.Reset(left)
		}
		select {
		case p.turn <- struct{}{}:
			return nil
		case <-expired:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.closed:
			return errClosed
		}
	}
}

// lead waits as the one goroutine that may sleep.
func (p *Poller[K]) lead(ctx context.Context, events []Event[K], countdown *timeout.Countdown) (int, error) {
	defer p.schedule.target.Store(notAsleep)
	for {
		left, due := p.plan(countdown.Left())
		ended := ctx.Err() != nil
		if ended || due || p.woken.Load() || p.pending.Load() > 0 {
			if n, wake, err := p.look(events); n > 0 || wake || err != nil {
				return n, err
			}
		}
		switch {
		case ended:
			return 0, context.Cause(ctx)
		case p.isClosed.Load():
			return 0, errClosed
		case countdown.Left() == 0:
			return p.lastLook(events)
		}
		b := &p.sleepBatch
		b.MakeRoom(len(events))
		if err := p.backend.Sleep(b, left, owner[K]{p}); err != nil {
			return 0, waitFailure(err)
		}
		if b.N == 0 {
			continue // the timeout has expired, or MaySleep or Wake ended the sleep
		}
		p.mu.Lock()
		n := p.deliver(b, events, p.schedule.due())
		stuck := p.policy.stuck
		p.unlock(n)
		if n > 0 {
			if b.Busy {
				p.policy.lookFirst.Store(true)
			}
			return n, nil
		}
		if stuck {
			time.Sleep(pause)
		}
	}
}

func waitFailure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrClosed):
		return errClosed
	}
	return fmt.Errorf("iomux: wait: %w", err)
}

// owner implements [backend.Owner].
type owner[K any] struct{ p *Poller[K] }

// inspectAtOnce is the number of descriptors that one Inspect inspects. Each takes up to 6 µs, by
// which an event may be late.
const inspectAtOnce = 32

func (o owner[K]) Inspect(from int, matches func(fd int) bool, found func(fd int)) (next int) {
	p := o.p
	var some [inspectAtOnce]*Registration[K]
	n := 0
	p.mu.Lock()
	for _, r := range p.table.From(int32(from)) {
		if n == len(some) {
			break
		}
		some[n] = r
		n++
	}
	p.mu.Unlock()
	for _, r := range some[:n] {
		if !matches(int(r.fd)) {
			continue
		}
		p.mu.Lock()
		if p.table.Get(r.fd) == r && !r.gone && !r.alwaysReady {
			found(int(r.fd))
		}
		p.mu.Unlock()
	}
	if n < len(some) {
		return -1
	}
	return int(some[n-1].fd) + 1
}

// MaySleep must not wait for the Poller's lock, whose holder may be waiting for the sleep to end.
func (o owner[K]) MaySleep() bool {
	p := o.p
	if p.woken.Load() || p.pending.Load() > 0 || p.isClosed.Load() || p.schedule.target.Load() != p.schedule.planned {
		return false
	}
	ctx := p.leader
	done := ctx.Done()
	if done == nil {
		return true
	}
	// Most loops pass the same context to each Wait, so it stays watched.
	if done != p.watched {
		if !p.watcher.Watch(done) {
			return false // the Poller is closed
		}
		p.watched = done
	}
	return ctx.Err() == nil
}
