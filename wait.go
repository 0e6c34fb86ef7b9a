package iomux

import (
	"context"
	"errors"
	"runtime"
	"time"

	"iomux/epoll"
	"iomux/internal/timeout"
)

func (p *Poller[K]) wait(ctx context.Context, events []Event[K], d time.Duration) (int, error) {
	switch {
	case p.backend == nil || p.isClosed.Load():
		return 0, errClosed
	case len(events) == 0:
		return 0, errNoRoom
	}
	if d == 0 || p.busy.Load() {
		n, wake, err := p.takeNow(events)
		if n > 0 || wake || err != nil || d == 0 {
			return n, err
		}
		p.busy.Store(false)
	}
	countdown := timeout.Start(d)
	select {
	case p.turn <- struct{}{}:
	default:
		// Another goroutine sleeps. What is ready already need not wait for it.
		if n, wake, err := p.takeNow(events); n > 0 || wake || err != nil {
			return n, err
		}
		if err := p.awaitTurn(ctx, &countdown); err != nil {
			if errors.Is(err, errTimeout) {
				err = nil
			}
			return 0, err
		}
	}
	p.leader = ctx
	n, err := p.lead(ctx, events, &countdown)
	p.leader = nil
	<-p.turn
	return n, err
}

// takeNow takes what is ready, without waiting, and reports whether this wait is the one to return for a Wake. Nearly all that
// a saturated loop does is this: one lock, and under it the system call.
func (p *Poller[K]) takeNow(events []Event[K]) (n int, wake bool, err error) {
	p.mu.Lock()
	wake = p.woken.Load() && p.woken.CompareAndSwap(true, false)
	b := &p.looked
	// What was taken may turn out to be stale, in place of something that is not.
	for try := 0; try < 8 && n == 0 && err == nil; try++ {
		if p.isClosed.Load() {
			err = errClosed
			break
		}
		b.makeRoom(len(events))
		pending := p.pending.Load() > 0
		if pending {
			b.room -= p.share(b.room)
		}
		b.n = 0
		if b.room > 0 {
			err = p.backend.look(b)
		}
		if err != nil || b.n == 0 && !pending {
			break
		}
		n, err = p.deliver(b, events)
	}
	p.unlock(n)
	return n, wake, err
}

// fairStreak is after how many waits and events others are let run, though a loop may never have to sleep. The calls that
// take ready events do not tell the scheduler, since that would cost a quarter of the time; on its own it would notice only
// after 40 ms. To let others run costs some 20 µs, so it must not be often either.
const fairStreak = 2048

// unlock gives the lock back after n events were taken, and now and then lets other goroutines run.
func (p *Poller[K]) unlock(n int) {
	p.streak += n + 1
	rest := p.streak > fairStreak
	if rest {
		p.streak = 0
	}
	p.mu.Unlock()
	if rest {
		runtime.Gosched()
	}
}

var errTimeout = errors.New("timeout")

// awaitTurn waits until no other goroutine sleeps.
func (p *Poller[K]) awaitTurn(ctx context.Context, countdown *timeout.Countdown) error {
	var timer *time.Timer
	var expired <-chan time.Time
	if countdown.Left() >= 0 {
		timer = p.borrowTimer()
		defer p.returnTimer(timer)
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

// borrowTimer is a timer for one goroutine that waits for its turn. They are kept, so that a wait does not allocate.
func (p *Poller[K]) borrowTimer() *time.Timer {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.timers) - 1
	if last < 0 {
		return time.NewTimer(time.Hour)
	}
	timer := p.timers[last]
	p.timers = p.timers[:last]
	return timer
}

func (p *Poller[K]) returnTimer(timer *time.Timer) {
	timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timers = append(p.timers, timer)
}

// lead is the wait of the one goroutine that may sleep.
func (p *Poller[K]) lead(ctx context.Context, events []Event[K], countdown *timeout.Countdown) (int, error) {
	for {
		if p.woken.Load() || p.pending.Load() > 0 {
			if n, wake, err := p.takeNow(events); n > 0 || wake || err != nil {
				return n, err
			}
		}
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		if p.isClosed.Load() {
			return 0, errClosed
		}
		left := countdown.Left()
		if left == 0 {
			return 0, nil
		}
		b := &p.slept
		b.makeRoom(len(events))
		if err := p.backend.sleep(b, left, p.ready); err != nil {
			return 0, err
		}
		if b.n == 0 {
			continue // the time is over, or something else has happened
		}
		p.mu.Lock()
		n, err := p.deliver(b, events)
		p.unlock(n)
		if n > 0 || err != nil {
			if b.atOnce {
				p.busy.Store(true)
			}
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
	ctx := p.leader
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

// share is how many of room events are kept free for pending ones: half, and of a single one every other time.
func (p *Poller[K]) share(room int) int {
	if p.odd = !p.odd; p.odd {
		room++
	}
	return min(room/2, len(p.always)+len(p.posted))
}

// makeRoom lets up to n events be taken.
func (b *batch) makeRoom(n int) {
	b.room = min(n, maxBatch)
	if len(b.events) < b.room {
		b.events = make([]epoll.Event, b.room)
	}
}
