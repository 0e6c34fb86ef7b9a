// Package selectfd is select(2), on every Unix, and for sockets on Windows. Its name is not select, since that is a keyword.
//
// It has none of the call's traps: the sets grow, so that there is no FD_SETSIZE and no crash at descriptor 1024; a closed
// descriptor is an error that names it, where kernels sleep or report EBADF for all; timeouts are rounded up; interruptions
// by signals are waited through.
//
// Select takes lists of whatever has a descriptor, like Python's select.select. Wait takes sets, and does not allocate. Of each
// there is a form that a context can end. All block the thread that waits, and take a time that grows with the highest descriptor.
// A program should use package poll instead where its descriptors are few and their numbers high, and package epoll where they are
// many.
//
//	ready, _, _, err := selectfd.Select([]*os.File{terminal, serial}, nil, nil, 5*time.Second)
//	if err != nil {
//		return err
//	}
//	for _, file := range ready { // empty after five seconds
//		handle(file)
//	}
//
// # What differs per system
//
// Timeouts have nanoseconds on Linux, FreeBSD, NetBSD and DragonFly, and microseconds elsewhere. Which conditions are
// exceptional is the system's choice: out-of-band data on a socket everywhere, on Linux also a state change on a
// pseudo-terminal in packet mode. macOS, Solaris and AIX have a highest descriptor (1023, 65535 and 65533): sets with a higher
// one are waited on by poll(2) there, with the same result.
//
// On Windows there is no limit of 64, and sockets only: handles of anything else are an error that is errors.ErrUnsupported and
// names them. The wait is the driver's that Winsock's select is made of. A connection that was refused is readable and writable, as
// on Unix, and exceptional, as Winsock has it. Timeouts end with a tick of the clock, up to 16 ms late.
package selectfd

import (
	"context"
	"fmt"
	"math"
	"os"
	"reflect"
	"sync"
	"syscall"
	"time"

	"iomux/descriptor"
	"iomux/internal/sys"
)

// Wait wraps select(2): it waits until a member of r is ready for reading, one of w for writing, or one of x has an
// exceptional condition, or until the timeout has passed. The sets come back holding what is ready, and n is the number of
// their members together, 0 after a timeout. A nil set is an empty one; three empty sets sleep.
//
// A negative timeout blocks, zero does not wait, any other is never shortened. Interruptions by signals (EINTR) are waited
// through. Nothing is allocated, except to grow a set.
//
// Errors: EBADF where members are not open descriptors, naming them; EINVAL where one Set is given twice; ENOMEM;
// errors.ErrUnsupported where members are no sockets, on Windows, naming them. After an error the sets are as they were.
func Wait(r, w, x *Set, timeout time.Duration) (n int, err error) {
	return WaitContext(context.Background(), r, w, x, timeout)
}

// WaitContext is Wait, select(2), that the end of ctx ends, too: then the error is context.Cause(ctx), unless something is ready.
// A nil context is context.Background.
//
// Where nothing is ready and the context can end, one more descriptor is waited on, an eventfd, a pipe, or a socket on Windows. It
// is made for the one wait, which then allocates and takes longer, on Linux by some 5 µs. A program that waits often, and mostly
// sleeps, should use a Poller of package iomux, which keeps its own.
//
// Errors: those of Wait; the context's; EMFILE where the process has as many descriptors as it may. After an error the sets are as
// they were.
func WaitContext(ctx context.Context, r, w, x *Set, timeout time.Duration) (n int, err error) {
	sets := [3]*Set{r, w, x}
	switch {
	case r != nil && (r == w || r == x) || w != nil && w == x:
		return 0, errTwice
	case ctx == nil || ctx.Done() == nil:
		return wait(sets, timeout)
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	}
	return waitContext(ctx, sets, timeout)
}

// most is how many numbers an error names.
const most = 16

// errNotOpen is EBADF with the numbers that are to blame.
func errNotOpen(sets [3]*Set) error {
	var closed []int
	for _, set := range sets {
		if set == nil {
			continue
		}
		for fd := range set.All() {
			if len(closed) < most && !sys.IsOpen(fd) {
				closed = append(closed, fd)
			}
		}
	}
	return notOpen(closed)
}

// notOpen names them; none are left where all were opened again meanwhile.
func notOpen(closed []int) error {
	err := os.NewSyscallError("select", syscall.EBADF)
	if len(closed) == 0 {
		return err
	}
	return fmt.Errorf("%w: not open: %d", err, closed)
}

var errTwice = fmt.Errorf("%w: one set is given twice: it cannot hold two results", os.NewSyscallError("select", syscall.EINVAL))

// Select wraps select(2) as Python's select.select does: it waits until something in r is ready for reading, in w for writing,
// or has an exceptional condition in x, or until the timeout has passed. T is whatever descriptor.Of takes, any for a
// mixture. The results are the ready ones: the same values in the same order, nil for none, and all nil after a timeout.
//
// A negative timeout blocks, zero does not wait, any other is never shortened. Files and connections must not be closed
// meanwhile by another goroutine: the call would go on with a number that may belong to another file.
//
// Errors: those of descriptor.Of and of Wait.
func Select[T any](r, w, x []T, timeout time.Duration) (rr, rw, rx []T, err error) {
	return SelectContext(context.Background(), r, w, x, timeout)
}

// SelectContext is Select that the end of ctx ends, too, as it does WaitContext.
//
// Errors: those of descriptor.Of and of WaitContext.
func SelectContext[T any](ctx context.Context, r, w, x []T, timeout time.Duration) (rr, rw, rx []T, err error) {
	s := scratches.Get().(*scratch)
	defer s.giveBack()
	for i, list := range [3][]T{r, w, x} {
		if s.numbers[i], err = appendNumbers(s.numbers[i][:0], list); err != nil {
			return nil, nil, nil, fmt.Errorf("select: argument %d: %w", i+1, err)
		}
		for _, fd := range s.numbers[i] {
			s.sets[i].Add(fd)
		}
	}
	n, err := WaitContext(ctx, &s.sets[0], &s.sets[1], &s.sets[2], timeout)
	if err != nil || n == 0 {
		return nil, nil, nil, err
	}
	return members(r, s.numbers[0], &s.sets[0]), members(w, s.numbers[1], &s.sets[1]), members(x, s.numbers[2], &s.sets[2]), nil
}

// scratch is what a Select needs while it waits.
type scratch struct {
	sets    [3]Set
	numbers [3][]int
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func (s *scratch) giveBack() {
	for i := range s.sets {
		s.sets[i].Clear()
	}
	scratches.Put(s)
}

// appendNumbers appends the descriptors of list. Plain numbers are looked at in their list: by itself, each would be
// allocated to become the argument of Of.
func appendNumbers[T any](numbers []int, list []T) ([]int, error) {
	if ints, ok := any(list).([]int); ok {
		return append(numbers, ints...), nil
	}
	t := reflect.TypeFor[T]()
	plain := t.Kind() >= reflect.Int && t.Kind() <= reflect.Uintptr && t.NumMethod() == 0
	values := reflect.ValueOf(list)
	for i, v := range list {
		if plain {
			if fd, ok := toInt(values.Index(i)); ok {
				numbers = append(numbers, fd)
				continue
			}
		}
		fd, err := descriptor.Of(v)
		if err != nil {
			return numbers, fmt.Errorf("element %d: %w", i, err)
		}
		numbers = append(numbers, fd)
	}
	return numbers, nil
}

// toInt is the integer v, if an int can hold it.
func toInt(v reflect.Value) (int, bool) {
	if v.CanInt() {
		return int(v.Int()), int64(int(v.Int())) == v.Int()
	}
	return int(v.Uint()), v.Uint() <= math.MaxInt
}

// members is the part of list whose numbers are in the set.
func members[T any](list []T, numbers []int, set *Set) []T {
	var ready []T
	for i, v := range list {
		if set.Has(numbers[i]) {
			ready = append(ready, v)
		}
	}
	return ready
}
