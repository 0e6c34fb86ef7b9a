// Package timerheap keeps the timers of an event loop in a heap. A timer uses no goroutine and no
// descriptor. The loop calls Next before it sleeps, and Expire afterwards.
//
// Times are in nanoseconds, on a monotonic clock that the caller chooses. A Heap is not safe for
// concurrent use.
package timerheap

import "math"

// Timer is a timer of a Heap. The zero value is not armed. A Timer must not be copied while it is
// armed.
type Timer[T any] struct {
	Owner    T     // for the caller's use
	deadline int64 // when the timer expires
	key      int64 // the key of the timer's slot
	period   int64 // the time between two expirations, 0 for a timer that expires once
	place    int   // index in the heap plus 1, or 0 if the timer is not armed
}

// Armed reports whether the timer is in a heap. It is after Set, until Remove. A timer without a
// period also leaves the heap when Expire returns it.
func (t *Timer[T]) Armed() bool { return t.place != 0 }

// Repeats reports whether the timer was last set with a period.
func (t *Timer[T]) Repeats() bool { return t.period > 0 }

// Heap is a set of armed timers. Its zero value is empty.
//
// The heap has four children per node: it is half as deep as a binary one, and siblings share a
// cache line.
type Heap[T any] struct {
	slots []slot[T]
}

// slot is a place in the heap. Its key is never later than the timer's deadline. It may be earlier,
// because moving a deadline to a later time does not change the key. The key is corrected when it
// reaches the top of the heap.
type slot[T any] struct {
	key   int64
	timer *Timer[T]
}

const arity = 4

// Len returns the number of armed timers.
func (h *Heap[T]) Len() int { return len(h.slots) }

// Set arms a timer, or arms it again. The timer expires at deadline and, if period is positive,
// each time period has passed after that. Expirations that Expire has not returned are dropped.
func (h *Heap[T]) Set(t *Timer[T], deadline, period int64) {
	t.deadline, t.period = deadline, period
	if t.place == 0 {
		h.slots = append(h.slots, slot[T]{})
		h.up(len(h.slots)-1, slot[T]{deadline, t})
		return
	}
	if deadline < t.key { // a copy of the slot's key, which saves a cache miss
		h.up(t.place-1, slot[T]{deadline, t})
	}
}

// Remove disarms a timer. It does nothing if the timer is not armed.
func (h *Heap[T]) Remove(t *Timer[T]) {
	if t.place == 0 {
		return
	}
	i := t.place - 1
	t.place = 0
	last := len(h.slots) - 1
	moved := h.slots[last]
	h.slots[last] = slot[T]{}
	h.slots = h.slots[:last]
	if i < last {
		h.fix(i, moved)
	}
	h.shrink()
}

// fewest is the smallest number of slots that shrink keeps for later timers.
const fewest = 64

// shrink releases memory if three quarters of it are unused.
func (h *Heap[T]) shrink() {
	if n := len(h.slots); cap(h.slots) > fewest && n < cap(h.slots)/4 {
		h.slots = append(make([]slot[T], 0, max(2*n, fewest)), h.slots...)
	}
}

// Expire returns the timer with the earliest deadline and its number of expirations, or nil if no
// deadline has passed at the time now. It disarms a timer without a period, and arms any other for
// its next expiration after now.
func (h *Heap[T]) Expire(now int64) (t *Timer[T], count int) {
	for len(h.slots) > 0 && h.slots[0].key <= now {
		t := h.slots[0].timer
		switch {
		case t.deadline != h.slots[0].key:
			h.down(0, slot[T]{t.deadline, t})
			continue
		case t.period <= 0:
			h.Remove(t)
			return t, 1
		}
		count := (now-t.deadline)/t.period + 1
		t.deadline = Add(t.deadline+(count-1)*t.period, t.period)
		h.down(0, slot[T]{t.deadline, t})
		return t, int(min(count, math.MaxInt))
	}
	return nil, 0
}

// catchUp is the largest number of keys that Next corrects. It limits the time of Next if many
// timers were set to later times, and is large enough to make wake-ups for outdated keys rare.
const catchUp = 8

// Next returns a time at which the caller should call Expire, and false if no timer is armed. The
// time is never later than the earliest deadline. It is earlier only if many timers were set to
// later times.
func (h *Heap[T]) Next() (deadline int64, ok bool) {
	if len(h.slots) == 0 {
		return 0, false
	}
	for range catchUp {
		top := h.slots[0]
		if top.key == top.timer.deadline {
			break
		}
		h.down(0, slot[T]{top.timer.deadline, top.timer})
	}
	return h.slots[0].key, true
}

// Add returns the time d after t, or math.MaxInt64 if the sum overflows.
func Add(t, d int64) int64 {
	if t > math.MaxInt64-d {
		return math.MaxInt64
	}
	return t + d
}

// fix puts s at i, or moves it up or down from there.
func (h *Heap[T]) fix(i int, s slot[T]) {
	if i > 0 && s.key < h.slots[(i-1)/arity].key {
		h.up(i, s)
	} else {
		h.down(i, s)
	}
}

// up puts s at i, or above it.
func (h *Heap[T]) up(i int, s slot[T]) {
	for i > 0 {
		parent := (i - 1) / arity
		if h.slots[parent].key <= s.key {
			break
		}
		h.put(i, h.slots[parent])
		i = parent
	}
	h.put(i, s)
}

// down puts s at i, or below it.
func (h *Heap[T]) down(i int, s slot[T]) {
	for {
		first := i*arity + 1
		if first >= len(h.slots) {
			break
		}
		least := first
		for child := first + 1; child < min(first+arity, len(h.slots)); child++ {
			if h.slots[child].key < h.slots[least].key {
				least = child
			}
		}
		if s.key <= h.slots[least].key {
			break
		}
		h.put(i, h.slots[least])
		i = least
	}
	h.put(i, s)
}

func (h *Heap[T]) put(i int, s slot[T]) {
	h.slots[i] = s
	s.timer.key, s.timer.place = s.key, i+1
}
