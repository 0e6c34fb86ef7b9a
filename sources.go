package iomux

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"weak"

	"iomux/internal/procwatch"
	"iomux/internal/sys"
	"iomux/internal/timerheap"
)

// RegisterSignal reports a signal that this process receives, as signal.Notify does. The signal
// then no longer has its default effect. Signals that arrive before a Wait reports them are
// combined into one event.
//
// Each registration uses a goroutine. The Go runtime sends SIGURG to its own threads. A
// registration of SIGURG reports these as well, many times a second.
//
// Errors: EINVAL for nil, and for a signal that cannot be caught, such as os.Kill; os.ErrClosed.
func (p *Poller[K]) RegisterSignal(sig os.Signal, key K) (*Registration[K], error) {
	number, ok := sig.(syscall.Signal)
	if !ok {
		return nil, errSignal("%v is not a syscall.Signal", sig)
	}
	if !sys.CanCatch(number) {
		return nil, errSignal("signal %d cannot be caught", number)
	}
	caught := &caughtSignal{arrived: make(chan os.Signal, 1), quit: make(chan struct{})}
	r := &Registration[K]{poller: p, key: key, kind: KindSignal, source: &source{value: caught}}
	arrived := r.weakly(func(r *Registration[K]) { r.poller.post(r, int(number)) })
	err := p.addSource(r, func() error {
		signal.Notify(caught.arrived, sig)
		go caught.forward(arrived)
		caught.cleanup = runtime.AddCleanup(r, (*caughtSignal).stop, caught)
		return nil
	})
	return r.orError(err)
}

func errSignal(format string, sig any) error {
	return fmt.Errorf("iomux: register signal: "+format+": %w", sig, os.NewSyscallError("signal", syscall.EINVAL))
}

// weakly returns a function that calls act with r if r is still reachable. A goroutine that holds
// the function does not keep the Poller reachable.
func (r *Registration[K]) weakly(act func(*Registration[K])) func() {
	pointer := weak.Make(r)
	return func() {
		if r := pointer.Value(); r != nil {
			act(r)
		}
	}
}

// caughtSignal is the source of RegisterSignal.
type caughtSignal struct {
	arrived chan os.Signal
	quit    chan struct{}
	cleanup runtime.Cleanup
}

func (c *caughtSignal) stop() {
	signal.Stop(c.arrived)
	close(c.quit)
}

// forward calls arrived for each signal, until quit is closed.
func (c *caughtSignal) forward(arrived func()) {
	for {
		select {
		case <-c.arrived:
			arrived()
		case <-c.quit:
			return
		}
	}
}

// RegisterProcess reports the exit of a process: a child, or any other process from os.FindProcess.
// The event ends the registration: Len no longer counts it, and its descriptor is closed.
// RegisterProcess does not reap the process. Its parent should still wait for it, before or after
// the event.
//
// [Event.ExitStatus] returns the status if the kernel reports it. Linux reports it to the parent.
// Since Linux 6.15, other processes also get it once the parent has reaped its child.
//
// A registration uses a descriptor on Linux, macOS and the BSDs, and a thread on Windows. On
// Solaris and illumos, and on Linux without pidfd_open(2) (before 5.4 and in some sandboxes), it
// uses a goroutine that checks the process, at first every millisecond and later ten times a
// second.
//
// Errors: EINVAL for nil and for a released process; os.ErrProcessDone if the process was already
// waited for or does not exist; EMFILE; os.ErrClosed; errors.ErrUnsupported on AIX, which reports
// an exit only when a child is reaped.
func (p *Poller[K]) RegisterProcess(process *os.Process, key K) (*Registration[K], error) {
	return p.registerProcess(process, key, procwatch.Watch)
}

func (p *Poller[K]) registerProcess(process *os.Process, key K, watch func(*os.Process, func()) (*procwatch.Exit, error)) (*Registration[K], error) {
	r := &Registration[K]{poller: p, key: key, kind: KindProcess, source: &source{}}
	r.arming.store(newArming(Readable, 0))
	p.descriptors.LockAll() // addToTable may replace a closed descriptor of any number
	defer p.descriptors.UnlockAll()
	err := p.addSource(r, func() error {
		exit, err := watch(process, r.weakly(func(r *Registration[K]) { r.poller.postExit(r) }))
		if err != nil {
			return fmt.Errorf("iomux: register process: %w", err)
		}
		r.source.value = exit
		if fd := exit.FD(); fd >= 0 {
			if err := p.addToTable(r, fd); err != nil {
				_ = exit.Close() // the first error matters more
				return fmt.Errorf("iomux: register process: %w", err)
			}
		}
		return nil
	})
	return r.orError(err)
}

// postExit posts the exit of a process that has no descriptor.
func (p *Poller[K]) postExit(r *Registration[K]) {
	p.mu.Lock()
	if r.live {
		p.postLocked(r, r.takeExit())
	}
	p.mu.Unlock()
	p.backend.Wake()
}

// takeExit returns the Status of the event of an exited process.
func (r *Registration[K]) takeExit() (status int) {
	status, known := r.source.value.(*procwatch.Exit).Status()
	if !known {
		return StatusUnknown
	}
	return status
}

// addSource registers r, whose source is not a descriptor of the caller. begin opens the source. It
// runs with the lock held, so events of the source wait until r is registered.
func (p *Poller[K]) addSource(r *Registration[K], begin func() error) error {
	if p.backend == nil {
		return errClosed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isClosed.Load() {
		return errClosed
	}
	r.fd, r.tag = -1, p.nextTag()
	if err := begin(); err != nil {
		return err
	}
	p.enlist(r)
	if r.kind != KindTimer {
		if p.sources == nil {
			p.sources = make(map[*Registration[K]]struct{})
		}
		p.sources[r] = struct{}{}
	}
	return nil
}

// stop releases the timer, signal, process or path of a registration.
func (p *Poller[K]) stopSource(r *Registration[K]) {
	delete(p.sources, r)
	switch value := r.source.value.(type) {
	case *timerheap.Timer[*Registration[K]]:
		p.schedule.heap.Remove(value)
	case *caughtSignal:
		value.cleanup.Stop()
		value.stop()
	case *procwatch.Exit:
		_ = value.Close() // nothing was written to its descriptor
	case *watchedPath[K]:
		p.schedule.heap.Remove(&value.timer)
		p.removePath(value.path)
	}
}

// schedule holds the timers of a Poller. Each timer is an entry of the heap. The leader sleeps at
// most until the next deadline, and every look takes the expired timers.
type schedule[K any] struct {
	heap timerheap.Heap[*Registration[K]] // guarded by the Poller's lock
	// inUse is set before the first timer is armed, and cleared by a leader that finds none.
	inUse atomic.Bool
	// target is the time until which the leader sleeps, or notAsleep if nobody sleeps. Arming
	// an earlier timer lowers target. That prevents or ends the leader's sleep.
	target atomic.Int64
	// planned is the target that the leader has set. Only the leader uses it.
	planned int64
}

const (
	notAsleep = math.MinInt64
	never     = math.MaxInt64
)

// clockStart is the start of the timers' clock.
var clockStart = time.Now()

func clock() int64 { return int64(time.Since(clockStart)) }

// timerRegistration is a timer with its registration and source, in a single allocation.
type timerRegistration[K any] struct {
	Registration[K]
	backing source // of Registration
	timer   timerheap.Timer[*Registration[K]]
}

// RegisterTimer adds a timer that expires once, after d, as with time.NewTimer. It never expires
// early. The timer stays registered until Unregister. [Registration.Reset] arms it again.
//
// A timer uses no descriptor, no goroutine and less than 200 bytes. A server can keep an idle timer
// for each of 100,000 connections, and reset it at each message.
//
// Errors: os.ErrClosed.
func (p *Poller[K]) RegisterTimer(d time.Duration, key K) (*Registration[K], error) {
	return p.registerTimer(max(d, 0), 0, key)
}

// RegisterTicker adds a timer that expires each time d has passed, as with time.NewTicker, until
// Unregister. [Event.Expirations] returns the number of times it has expired since its last event.
//
// Errors: EINVAL if d is not positive; os.ErrClosed.
func (p *Poller[K]) RegisterTicker(d time.Duration, key K) (*Registration[K], error) {
	if d <= 0 {
		return nil, errPeriod("register", d)
	}
	return p.registerTimer(d, d, key)
}

var errNoTimer = &sys.CauseError{
	Text:  "iomux: reset: the source is neither a timer nor a ticker",
	Cause: errors.ErrUnsupported,
}

func errPeriod(call string, d time.Duration) error {
	return fmt.Errorf("iomux: %s a ticker of %v: the period must be positive: %w", call, d, os.NewSyscallError(call, syscall.EINVAL))
}

func (p *Poller[K]) registerTimer(d, period time.Duration, key K) (*Registration[K], error) {
	t := &timerRegistration[K]{Registration: Registration[K]{poller: p, key: key, kind: KindTimer}}
	t.source, t.backing.value, t.timer.Owner = &t.backing, &t.timer, &t.Registration
	return t.orError(p.addSource(&t.Registration, func() error {
		p.arm(&t.timer, d, period)
		return nil
	}))
}

// Reset arms a timer to expire after d, whether it has expired or not. For a ticker, d becomes the
// period, which begins now. An expiration that no Wait has returned yet is dropped. Reset does not
// allocate, and does not make Wait return.
//
// Errors: [ErrNotRegistered]; EINVAL for a ticker if d is not positive; errors.ErrUnsupported if
// the source is neither a timer nor a ticker; os.ErrClosed if the Poller is closed.
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
	r.arming.store(newArming(0, r.arming.load().count()+1)) // makes earlier events stale
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

// arm sets a timer, and wakes the leader if it would sleep past the deadline.
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

// due returns the current time if a timer may have expired, and 0 if none has.
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

// plan limits the timeout of a sleep to the next deadline, and reports whether that has passed. A
// timer that is armed afterwards with an earlier deadline prevents or ends the sleep.
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

// deliverExpired stores the events of timers that have expired by now, which is 0 if none has.
func (p *Poller[K]) deliverExpired(events []Event[K], now int64) (n int) {
	for now > 0 && n < len(events) {
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
		events[n] = Event[K]{r.key, 0, r.kind, r.arming.load().count(), status, r}
		n++
	}
	return n
}
