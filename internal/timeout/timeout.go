//go:build !plan9

// Package timeout converts a caller's time.Duration to the timeouts of system calls. A negative
// timeout blocks, zero does not wait, and any other one is never shortened. After an interruption
// by a signal, the wait continues for the remaining time.
//
// All packages that wait import this one. So they do not compile on Plan 9, which has no call that
// waits on several descriptors and no errnos.
package timeout

import (
	"math"
	"sync/atomic"
	"syscall"
	"time"
)

// longest is the longest timeout of one system call. A longer wait takes several calls. Every
// kernel accepts a day. Some have limits of 2^31 ms (poll), 10^8 s (select on macOS and Solaris) or
// 2^31 s (32-bit timespecs).
var longest = 24 * time.Hour

// Longest sets the longest timeout of one system call, and returns the previous one. It is for
// tests, which cannot wait for a day. No wait may be in progress.
func Longest(d time.Duration) (before time.Duration) {
	before, longest = longest, d
	return before
}

// Countdown measures the remaining time of one timeout.
type Countdown struct {
	total time.Duration
	start time.Time // set only if total is positive
	looks uint      // calls of LookAgain after the timeout has expired
	seen  uint64    // the source of one of them
}

// Start starts the countdown of the timeout d.
func Start(d time.Duration) Countdown {
	if d <= 0 {
		return Countdown{total: d}
	}
	return Countdown{total: d, start: time.Now()}
}

// Left returns the timeout of the next system call: -1 to block, otherwise between 0 and a day.
func (c *Countdown) Left() time.Duration {
	switch {
	case c.total < 0:
		return -1
	case c.total == 0:
		return 0
	}
	// The difference cannot overflow, unlike a deadline.
	return min(max(c.total-time.Since(c.start), 0), longest)
}

var interruptible atomic.Bool

// ReturnInterruptions makes every later wait of this process return EINTR if a signal interrupts
// it. It is for a host program that runs its own signal handlers before it waits again.
func ReturnInterruptions() { interruptible.Store(true) }

// Again reports whether to repeat a system call that returned n and errno. It must be repeated if a
// signal interrupted it, or if it returned nothing before the timeout expired. The kernel's clock
// may be coarse, or the timeout longer than a day.
func (c *Countdown) Again(n int, errno syscall.Errno) bool {
	if errno != 0 {
		return errno == syscall.EINTR && !interruptible.Load()
	}
	return n == 0 && (c.total < 0 || c.total > 0 && time.Since(c.start) < c.total)
}

// LookAgain reports whether to repeat a system call that returned only events to be dropped. They
// can hide a ready descriptor, so the call is repeated even after the timeout has expired. source
// identifies one of the events. Kernels report sources in turn: if a source comes again, every
// ready source has had its turn.
func (c *Countdown) LookAgain(source uint64) bool {
	if c.Left() != 0 {
		return true
	}
	if c.looks > 0 && source == c.seen {
		return false
	}
	// Remembering another source after 1, 2, 4, 8 … calls finds every repetition in the end.
	if c.looks&(c.looks-1) == 0 {
		c.seen = source
	}
	c.looks++
	return true
}

// Milliseconds returns d for calls that take an int of milliseconds. It rounds up, so that a wait
// never ends early and a short one does not become a busy loop.
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

// Microseconds returns d rounded up to whole microseconds, for calls that take a timeval.
func Microseconds(d time.Duration) time.Duration {
	if rest := d % time.Microsecond; rest > 0 && d <= math.MaxInt64-time.Microsecond {
		d += time.Microsecond - rest
	}
	return d
}
