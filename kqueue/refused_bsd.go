//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kqueue

// refusedFilter reports whether f is a name without a filter in this kernel.
func refusedFilter(f Filter) bool { return isAbsent(f) }

// refusedNotes is the bit of the names without a note in this kernel.
func refusedNotes(f Filter) Fflags {
	if f == FilterUser {
		return 0
	}
	return absentNote
}
