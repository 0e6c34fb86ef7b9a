package kqueue

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"iomux/internal/kevent"
	"iomux/internal/sys"
)

// refusal returns the error for the first change whose filter or note this system lacks.
func refusal(changes []Event) error {
	for i := range changes {
		change := &changes[i]
		if refusesFilter(change.Filter) {
			return fmt.Errorf("kqueue: %w on %s: %v", errors.ErrUnsupported, runtime.GOOS, change.Filter)
		}
		// FilterUser uses every bit.
		if change.Flags&EvDelete != 0 || change.Filter == FilterUser {
			continue
		}
		lacking := Fflags(kevent.AbsentNote)
		if sys.IsLinux && (change.Filter == FilterRead || change.Filter == FilterWrite) {
			lacking |= NoteOOB
		}
		if notes := change.Fflags & lacking; notes != 0 {
			return fmt.Errorf("kqueue: %w on %s: %v with %s", errors.ErrUnsupported, runtime.GOOS, change.Filter,
				candidates(change.Filter, notes))
		}
	}
	return nil
}

// refusesFilter reports whether this system lacks a filter that has a name. The kernel decides
// about other numbers.
func refusesFilter(f Filter) bool {
	if sys.IsLinux {
		switch f {
		case FilterAIO, FilterEmpty, FilterProcDesc:
			return true
		}
		return false
	}
	switch {
	case f < kevent.Absent:
		return f.String() != number(f)
	case f == FilterAIO: // it has a number on all systems
		return runtime.GOOS != "freebsd" && runtime.GOOS != "darwin"
	}
	return false
}

// candidates names the notes. The missing ones share a bit, which may mean any of them.
func candidates(filter Filter, notes Fflags) string {
	var names []string
	for _, name := range notesOf(filter) {
		if name.Value != 0 && notes&Fflags(name.Value) == Fflags(name.Value) {
			names = append(names, name.Text)
		}
	}
	if len(names) == 0 {
		return fmt.Sprintf("a note of another filter (%v)", notes)
	}
	return strings.Join(names, " or ")
}
