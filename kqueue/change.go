//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

// refusal is the reason not to try any of the changes: a filter or note that this system does not have.
func refusal(changes []Event) error {
	for i := range changes {
		change := &changes[i]
		if refusedFilter(change.Filter) {
			return fmt.Errorf("kqueue: %w on %s: %v", errors.ErrUnsupported, runtime.GOOS, change.Filter)
		}
		if change.Flags&EvDelete != 0 {
			continue
		}
		if notes := change.Fflags & refusedNotes(change.Filter); notes != 0 {
			return fmt.Errorf("kqueue: %w on %s: %v with %s", errors.ErrUnsupported, runtime.GOOS, change.Filter,
				candidates(change.Filter, notes))
		}
	}
	return nil
}

// isAbsent reports whether f is the name of a filter that this system's kernel does not know.
func isAbsent(f Filter) bool {
	if f >= absent {
		return false
	}
	for _, name := range filterNames {
		if name.filter == f {
			return true
		}
	}
	return false
}

// candidates names the notes. Those that the system lacks share one bit, which may have been meant as any of them.
func candidates(filter Filter, notes Fflags) string {
	var names []string
	for _, name := range noteNames[filter] {
		if name.Value != 0 && notes&Fflags(name.Value) == Fflags(name.Value) {
			names = append(names, name.Text)
		}
	}
	if len(names) == 0 {
		return fmt.Sprintf("a note of another filter (%v)", notes)
	}
	return strings.Join(names, " or ")
}

// apply makes one change after the other by calling change. Failures and receipts become events; a failure for which there
// is no room is the error, and the rest of the changes is not made. Events may be the same slice as changes.
func apply(changes, events []Event, change func(Event) syscall.Errno) (n int, err error) {
	for i := range changes {
		next := changes[i]
		errno := change(next)
		switch {
		case errno == 0 && next.Flags&EvReceipt == 0:
		case n < len(events):
			next.Flags, next.Data = EvError, int64(errno)
			events[n] = next
			n++
		case errno != 0:
			return n, changeError(next, errno)
		}
	}
	return n, nil
}

func changeError(change Event, errno syscall.Errno) error {
	return fmt.Errorf("kqueue: %v: %w", change, os.NewSyscallError("kevent", errno))
}
