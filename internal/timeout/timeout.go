// Package timeout holds the one place where a caller's time.Duration becomes what a kernel takes: negative blocks, zero does
// not wait, anything else is never shortened, and what an interruption left over is waited for.
package timeout

import (
	"math"
	"sync/atomic"
	"syscall"
	"time"
)

// longest is the longest wait that a kernel is asked for at once; longer ones are waited for in turns. Every kernel takes a
// day, while 2^31 ms (poll), 10^8 s (select on macOS and Solaris) and 2^31 s (32-bit timespecs) are limits of some.
var longest = 24 * time.Hour

// Longest makes turns that are at most d long, for tests, which cannot wait for a day. Nobody may be waiting meanwhile.
func Longest(d time.Duration) (before time.Duration) {
	before, longest = longest, d
	return before
}

// Countdown is what is left of one timeout.
type Countdown struct {
	total time.Duration
	start time.Time // set only where there is something to count
}

// Start begins to count the timeout d down.
func Start(d time.Duration) Countdown {
	if d <= 0 {
		return Countdown{total: d}
	}
	return Countdown{total: d, start: time.Now()}
}

// Left is the time that the kernel is to wait now: -1 for ever, else between 0 and a day.
func (c *Countdown) Left() time.Duration {
	switch {
	case c.total < 0:
		return -1
	case c.total == 0:
		return 0
	}
	// A difference, not a deadline: no timeout is so long that it overflows.
	return min(max(c.total-time.Since(c.start), 0), longest)
}

var interruptible atomic.Bool

// ReturnInterruptions makes every wait of this process that a signal interrupts return EINTR from now on, instead of waiting
// through. It is for a host that has signal handlers of its own to run before the wait goes on.
func ReturnInterruptions() { interruptible.Store(true) }

// Again reports whether a wait that came back with n and errno has to go on: it was interrupted by a signal, or it is empty
// and its time is not over (a kernel whose clock is coarse, or a turn of a wait of more than a day).
func (c *Countdown) Again(n int, errno syscall.Errno) bool {
	if errno != 0 {
		return errno == syscall.EINTR && !interruptible.Load()
	}
	return n == 0 && (c.total < 0 || c.total > 0 && time.Since(c.start) < c.total)
}

// Milliseconds is d for calls that take an int of milliseconds: rounded up, so that a wait never ends early and a short one
// does not become a busy loop.
func Milliseconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	ms := d / time.Millisecond
	if d%time.Millisecond != 0 {
		ms++
	}
	return int(min(ms, math.MaxInt32))
}

// Microseconds is d rounded up to whole microseconds, for calls that take a timeval.
func Microseconds(d time.Duration) time.Duration {
	if rest := d % time.Microsecond; rest > 0 && d <= math.MaxInt64-time.Microsecond {
		d += time.Microsecond - rest
	}
	return d
}
