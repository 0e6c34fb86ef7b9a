// Package selectfd waits on descriptors with select(2). It is for programs that are written in
// terms of select, such as ports from C and Python. It is native on every Unix and works on sockets
// on Windows. Its name is not select, because that is a keyword.
//
// The time of a select(2) grows with the highest descriptor. For a few descriptors with high
// numbers, use package poll. For many descriptors, use package epoll or the Poller of package
// iomux. To wait for a single net.Conn, use a goroutine.
//
// [Select] takes lists of values that have a descriptor, like Python's select.select. [Wait] takes
// sets, and does not allocate. Both have a variant that takes a context. All of them block a
// thread.
//
//	ready, _, _, err := selectfd.Select([]*os.File{terminal, serial}, nil, nil, 5*time.Second)
//	if err != nil {
//		return err
//	}
//	for _, file := range ready { // empty after five seconds
//		handle(file)
//	}
//
// The package has none of the traps of the system call. The sets grow, so there is no FD_SETSIZE
// and no crash at descriptor 1024. A closed descriptor is an error that names it. Timeouts are
// rounded up. A wait continues after a signal.
//
// The file docs/porting/xsys.md shows code before and after a move from golang.org/x/sys/unix to
// this package.
//
// # Errors
//
// An error of the system call is an *os.SyscallError and matches its syscall.Errno with errors.Is.
// A handle that the system cannot wait on is errors.ErrUnsupported. So is any wait on js and
// wasip1.
//
// # What differs per system
//
//	                                timeouts      highest descriptor of select(2)
//	Linux                           nanoseconds   -
//	FreeBSD, NetBSD, DragonFly      nanoseconds   -
//	OpenBSD                         microseconds  -
//	macOS                           microseconds  1023
//	Solaris, illumos                microseconds  65535
//	AIX                             microseconds  65533
//	Windows, sockets only           clock ticks   -
//
// If a set has a higher descriptor, the package uses poll(2), with the same result. It also does so
// on NetBSD and DragonFly for pipes: NetBSD's select(2) reports the end of a pipe as exceptional,
// and DragonFly's does not report a pipe without a reader as writable. DragonFly does not report
// the end of a FIFO whose last writer has gone.
//
// The system decides which conditions are exceptional. All systems include out-of-band data of a
// socket. Linux includes a state change of a pseudo-terminal in packet mode.
//
// On Windows there is no limit of 64 sockets. A handle that is not a socket is an error that names
// it. The wait uses the driver below Winsock's select. A refused connection is readable and
// writable, as on Unix, and also exceptional, as in Winsock. A clock tick takes up to 16 ms.
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

// Wait wraps select(2). It waits until a member of r is readable, a member of w is writable, or a
// member of x has an exceptional condition, or until the timeout expires. It leaves only ready
// members in the sets, and returns their number, which is 0 after a timeout. A nil set is an empty
// set. With three empty sets, Wait sleeps.
//
// A negative timeout blocks, and 0 does not wait. A timeout is never shortened. If a signal
// interrupts the call (EINTR), it waits again for the remaining time. Wait does not allocate,
// except to grow a set.
//
// Wait returns these errors, and leaves the sets unchanged:
//
//   - EBADF if members are not open descriptors; the error names them
//   - EINVAL if the same Set is passed twice
//   - ENOMEM
//   - errors.ErrUnsupported on Windows for a handle that is not a socket; the error names it
func Wait(r, w, x *Set, timeout time.Duration) (n int, err error) {
	return wait([3]*Set{r, w, x}, timeout)
}

// WaitContext is like Wait, and also returns if ctx is done. The error is then context.Cause(ctx),
// unless a member is ready. A nil context is context.Background().
//
// If nothing is ready and the context can be cancelled, WaitContext also waits on a descriptor that
// it opens for this call: an eventfd, a pipe, or a socket on Windows. That allocates, and takes
// about 5 µs on Linux. A program that waits often should use a Poller of package iomux, which keeps
// that descriptor.
//
// WaitContext returns the errors of Wait, the cause of ctx, and EMFILE if the process has no
// descriptor left. After an error the sets are unchanged.
func WaitContext(ctx context.Context, r, w, x *Set, timeout time.Duration) (n int, err error) {
	sets := [3]*Set{r, w, x}
	switch {
	case areSame(r, w, x):
		return 0, errTwice()
	case ctx == nil || ctx.Done() == nil:
		return wait(sets, timeout)
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	}
	return waitContext(ctx, sets, timeout)
}

// areSame reports whether two of the sets are the same one.
func areSame(r, w, x *Set) bool { return r != nil && (r == w || r == x) || w != nil && w == x }

// most is the largest number of descriptors that an error names.
const most = 16

// errNotOpen returns EBADF with the members that are not open.
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

// notOpen returns EBADF with the closed descriptors. The list is empty if they were opened again.
func notOpen(closed []int) error {
	err := os.NewSyscallError("select", syscall.EBADF)
	if len(closed) == 0 {
		return err
	}
	return fmt.Errorf("%w: not open: %d", err, closed)
}

func errTwice() error {
	err := os.NewSyscallError("select", syscall.EINVAL)
	return fmt.Errorf("%w: the same set is passed twice: pass a set for each result", err)
}

// Select wraps select(2) as Python's select.select does. It waits until an element of r is
// readable, an element of w is writable, or an element of x has an exceptional condition, or until
// the timeout expires. T is any type that descriptor.Of accepts, or the type any for a mixture. The
// results are the ready elements, in the same order. A result without elements is nil. After a
// timeout all results are nil.
//
// A negative timeout blocks, and 0 does not wait. A timeout is never shortened. Do not close a file
// or a connection during the call: another file may then get its number.
//
// Select returns the errors of descriptor.Of and of Wait.
func Select[T any](r, w, x []T, timeout time.Duration) (rr, rw, rx []T, err error) {
	return SelectContext(context.Background(), r, w, x, timeout)
}

// SelectContext is like Select, and also returns if ctx is done, as WaitContext does. It returns
// the errors of descriptor.Of and of WaitContext.
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

// scratch holds the sets and numbers of a Select.
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

// appendNumbers appends the descriptors of list. It takes plain numbers from the list itself,
// because each would be allocated as an argument of Of.
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

// toInt returns the integer v, and reports whether an int can hold it.
func toInt(v reflect.Value) (int, bool) {
	if v.CanInt() {
		return int(v.Int()), int64(int(v.Int())) == v.Int()
	}
	return int(v.Uint()), v.Uint() <= math.MaxInt
}

// members returns the elements of list whose numbers are in the set.
func members[T any](list []T, numbers []int, set *Set) []T {
	var ready []T
	for i, v := range list {
		if set.Has(numbers[i]) {
			ready = append(ready, v)
		}
	}
	return ready
}
