package iomux

import (
	"context"
	"errors"
	"runtime"
	"time"

	"iomux/epoll"
	"iomux/internal/timeout"
)

// waiter is what a goroutine needs while it waits. It is kept for the next one.
type waiter struct {
	batch
	streak int // waits and events since others were let run
	ctx    context.Context
	timer  *time.Timer // made for the first wait for a turn that has a timeout
}

func (p *Poller[K]) wait(ctx context.Context, events []Event[K], d time.Duration) (int, error) {
	switch {
	case p.backend == nil || p.isClosed.Load():
		return 0, errClosed
	case len(events) == 0:
		return 0, errNoRoom
	}
	w := p.enter(min(len(events), maxBatch))
	n, err := p.waitAs(ctx, w, events, d)
	if w.streak += n + 1; w.streak > fairStreak {
		w.streak = 0
		runtime.Gosched()
	}
	p.leave(w)
	if n == 0 && p.isClosed.Load() {
		return 0, errClosed
	}
	return n, err
}

// fairStreak is after how many waits and events a goroutine lets others run, though it may never have to sleep. The calls that
// take ready events do not tell the scheduler, since that would cost a quarter of the time; on its own it would notice only
// after 40 ms. To let others run costs some 20 µs, so it must not be often either.
const fairStreak = 2048

func (p *Poller[K]) waitAs(ctx context.Context, w *waiter, events []Event[K], d time.Duration) (int, error) {
	if d == 0 {
		p.takeWake()
		return p.take(w, events)
	}
	countdown := timeout.Start(d)
	select {
	case p.turn <- struct{}{}:
	default:
		// Another goroutine sleeps. What is ready already need not wait for it.
		wake := p.takeWake()
		if n, err := p.take(w, events); n > 0 || err != nil || wake {
			return n, err
		}
		if err := p.awaitTurn(ctx, w, &countdown); err != nil {
			if errors.Is(err, errTimeout) {
				err = nil
			}
			return 0, err
		}
	}
	w.ctx, p.leader = ctx, w
	n, err := p.lead(w, events, &countdown)
	w.ctx, p.leader = nil, nil
	<-p.turn
	return n, err
}

var errTimeout = errors.New("timeout")

// awaitTurn waits until no other goroutine sleeps.
func (p *Poller[K]) awaitTurn(ctx context.Context, w *waiter, countdown *timeout.Countdown) error {
	var expired <-chan time.Time
	for {
		left := countdown.Left()
		switch {
		case left == 0:
			return errTimeout
		case left > 0 && w.timer == nil:
			w.timer = time.NewTimer(left)
		case left > 0:
			w.timer.Reset(left)
		}
		if left > 0 {
			expired = w.timer.C
		}
		select {
		case p.turn <- struct{}{}:
		case <-expired:
			continue
		case <-ctx.Done():
			p.stopTimer(w)
			return context.Cause(ctx)
		case <-p.closed:
			p.stopTimer(w)
			return errClosed
		}
		p.stopTimer(w)
		return nil
	}
}

func (p *Poller[K]) stopTimer(w *waiter) {
	if w.timer != nil {
		w.timer.Stop()
	}
}

// lead is the wait of the one goroutine that may sleep.
func (p *Poller[K]) lead(w *waiter, events []Event[K], countdown *timeout.Countdown) (int, error) {
	for {
		wake := p.takeWake()
		if wake || p.pending.Load() > 0 {
			if n, err := p.take(w, events); n > 0 || err != nil || wake {
				return n, err
			}
		}
		if w.ctx.Err() != nil {
			return 0, context.Cause(w.ctx)
		}
		if p.isClosed.Load() {
			return 0, errClosed
		}
		left := countdown.Left()
		if left == 0 {
			return 0, nil
		}
		w.room = min(len(events), maxBatch)
		if err := p.backend.sleep(&w.batch, left, p.ready); err != nil {
			return 0, err
		}
		if w.n == 0 {
			continue // the time is over, or something else has happened
		}
		if n, err := p.deliver(w, events); n > 0 || err != nil {
			return n, err
		}
	}
}

// maySleep is called by the goroutine that is about to sleep. Whatever changes afterwards wakes it. It must not wait for the
// Poller's lock: whoever holds that may be waiting for the sleep to end.
func (p *Poller[K]) maySleep() bool {
	if p.woken.Load() || p.pending.Load() > 0 || p.isClosed.Load() {
		return false
	}
	ctx := p.leader.ctx
	done := ctx.Done()
	if done == nil {
		return true
	}
	// The same context mostly comes again, so it goes on being watched.
	if done != p.watched {
		p.watching.Lock()
		defer p.watching.Unlock()
		if p.isClosed.Load() {
			return false
		}
		if p.unwatch != nil {
			p.unwatch()
		}
		p.watched, p.unwatch = done, context.AfterFunc(ctx, p.wake)
	}
	return ctx.Err() == nil
}

// takeWake reports whether this wait is the one to return for a Wake.
func (p *Poller[K]) takeWake() bool {
	return p.woken.Load() && p.woken.CompareAndSwap(true, false)
}

// take takes what is ready, without waiting.
func (p *Poller[K]) take(w *waiter, events []Event[K]) (int, error) {
	// What was taken may turn out to be stale, in place of something that is not.
	for range 8 {
		w.room, w.n = min(len(events), maxBatch), 0
		pending := p.pending.Load() > 0
		if pending {
			w.room -= p.share(w.room)
		}
		if w.room > 0 {
			if err := p.backend.look(&w.batch); err != nil {
				return 0, err
			}
		}
		if w.n == 0 && !pending {
			return 0, nil
		}
		n, err := p.deliver(w, events)
		if n > 0 || err != nil || w.n == 0 {
			return n, err
		}
	}
	return 0, nil
}

// share is how many of room events are kept free for pending ones: half, and of a single one every other time.
func (p *Poller[K]) share(room int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.odd = !p.odd; p.odd {
		room++
	}
	return min(room/2, len(p.always)+len(p.posted))
}

// enter gives the calling goroutine a waiter with room for that many events.
func (p *Poller[K]) enter(room int) *waiter {
	w := p.idle.Swap(nil)
	if w == nil {
		w = p.anotherWaiter()
	}
	if len(w.events) < room {
		w.events = make([]epoll.Event, room)
	}
	return w
}

func (p *Poller[K]) anotherWaiter() *waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idlers) - 1
	if last < 0 {
		return new(waiter)
	}
	w := p.idlers[last]
	p.idlers = p.idlers[:last]
	return w
}

func (p *Poller[K]) leave(w *waiter) {
	if !p.idle.CompareAndSwap(nil, w) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.idlers = append(p.idlers, w)
	}
}
