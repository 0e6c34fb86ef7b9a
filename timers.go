package iomux

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"iomux/internal/timerheap"
)

// schedule holds the timers of a Poller. A timer costs an entry of the heap: the leader sleeps
// until the next deadline at most, and every look takes the expired ones.
type schedule[K any] struct {
	heap timerheap.Heap[*Registration[K]] // guarded by the Poller's lock
	// inUse is set before the first timer is armed, and cleared by a leader that finds none.
	inUse atomic.Bool
	// target is the time until which the leader sleeps, notAsleep if nobody sleeps. Arming an
	// earlier timer lowers it, which keeps the leader from sleeping, and wakes the leader.
	target atomic.Int64
	// planned is the target that the leader has set. Only the leader uses it.
	planned int64
}

const (
	notAsleep = math.MinInt64
	never     = math.MaxInt64
)

// began is the zero of the timers' clock.
var began = time.Now()

func clock() int64 { return int64(time.Since(began)) }

// timed is a registration with a timer, in one piece of memory.
type timed[K any] struct {
	Registration[K]
	of    source
	timer timerheap.Timer[*Registration[K]]
}

// RegisterTimer adds a timer that expires once, after d, as that of time.NewTimer does. It stays
// registered until Unregister, and [Registration.Reset] arms it anew. It is never early.
//
// A timer takes no descriptor and no goroutine, and less than 200 bytes. Use one for each of 100
// 000 connections, and Reset it at each message.
//
// Errors: os.ErrClosed.
func (p *Poller[K]) RegisterTimer(d time.Duration, key K) (*Registration[K], error) {
	return p.registerTimer(max(d, 0), 0, key)
}

// RegisterTicker adds a timer that expires each time d has passed, as that of time.NewTicker does,
// until Unregister. Event.Expirations returns how often it has expired since its last event.
//
// Errors: EINVAL if d is not positive; os.ErrClosed.
func (p *Poller[K]) RegisterTicker(d time.Duration, key K) (*Registration[K], error) {
	if d <= 0 {
		return nil, errPeriod("register", d)
	}
	return p.registerTimer(d, d, key)
}

var errNoTimer = fmt.Errorf("iomux: reset: the source is neither a timer nor a ticker: %w", errors.ErrUnsupported)

func errPeriod(call string, d time.Duration) error {
	return fmt.Errorf("iomux: %s a ticker of %v: %w", call, d, os.NewSyscallError(call, syscall.EINVAL))
}

func (p *Poller[K]) registerTimer(d, period time.Duration, key K) (*Registration[K], error) {
	t := &timed[K]{Registration: Registration[K]{poller: p, key: key, kind: KindTimer}}
	t.source, t.of.value, t.timer.Owner = &t.of, &t.timer, &t.Registration
	if err := p.addSource(&t.Registration, func() error {
		p.arm(&t.timer, d, period)
		return nil
	}); err != nil {
		return nil, err
	}
	return &t.Registration, nil
}

// Reset arms a timer to expire after d, whether it has expired or not. It gives a ticker the period
// d, which begins now. An expiration that no Wait has returned yet is forgotten. Reset may be
// called from anywhere, does not allocate, and interrupts no wait.
//
// Errors: ENOENT if the timer was unregistered; EINVAL if d is not positive, for a ticker;
// errors.ErrUnsupported if the source is not a timer; os.ErrClosed after the Poller was closed.
func (r *Registration[K]) Reset(d time.Duration) error {
	p := r.poller
	if p == nil {
		return fmt.Errorf("iomux: reset: %w", ErrNotRegistered)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.isClosed.Load():
		return errClosed
	case !r.live:
		return fmt.Errorf("iomux: reset: %w", ErrNotRegistered)
	case r.kind != KindTimer:
		return errNoTimer
	}
	t := r.timer()
	period := time.Duration(0)
	if t.Repeats() {
		if period = d; d <= 0 {
			return errPeriod("reset", d)
		}
	}
	p.dropPosted(r)
	r.armed++
	p.arm(t, max(d, 0), period)
	return nil
}

// timer returns the timer of a registration that has one.
func (r *Registration[K]) timer() *timerheap.Timer[*Registration[K]] {
	switch value := r.source.value.(type) {
	case *timerheap.Timer[*Registration[K]]:
		return value
	case *watchedPath[K]:
		return &value.timer
	}
	return nil
}

// arm sets a timer, and wakes the leader if that sleeps longer.
func (p *Poller[K]) arm(t *timerheap.Timer[*Registration[K]], d, period time.Duration) {
	s := &p.schedule
	deadline := timerheap.Add(clock(), int64(d))
	s.heap.Set(t, deadline, int64(period))
	if !s.inUse.Load() {
		s.inUse.Store(true)
	}
	if deadline < s.target.Load() {
		s.target.Store(deadline)
		p.backend.Wake()
	}
}

// due returns the time if a timer has expired or may have, and 0 if none has.
func (s *schedule[K]) due() (now int64) {
	next, ok := s.heap.Next()
	if !ok {
		return 0
	}
	if now = clock(); next > now {
		return 0
	}
	return now
}

// plan shortens the time of a sleep to that until the next deadline, and reports whether that has
// passed. A timer that is armed afterwards keeps the leader from sleeping.
func (p *Poller[K]) plan(left time.Duration) (shortened time.Duration, due bool) {
	s := &p.schedule
	s.planned = never
	s.target.Store(never)
	if !s.inUse.Load() {
		return left, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	next, ok := s.heap.Next()
	if !ok {
		s.inUse.Store(false)
		return left, false
	}
	s.planned = next
	s.target.Store(next)
	until := time.Duration(next - clock())
	if left < 0 || until < left {
		left = max(until, 0)
	}
	return left, until <= 0
}

// deliverExpired hands out the timers that have expired until now.
func (p *Poller[K]) deliverExpired(events []Event[K], now int64) (n int) {
	for n < len(events) {
		t, count := p.schedule.heap.Expire(now)
		if t == nil {
			break
		}
		r, status := t.Owner, count
		switch value := r.source.value.(type) {
		case *watchedPath[K]:
			status = int(value.change)
			value.change = 0
		case *paths[K]:
			p.collectPaths()
			continue
		}
		events[n] = Event[K]{r.key, 0, r.kind, r.armed, status, r}
		n++
	}
	return n
}
