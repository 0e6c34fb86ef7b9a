//go:build unix

package selectfd

import (
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// Native reports whether the kernel of this system has select(2).
const Native = true

// seen is the highest descriptor that was found open. select(2) ignores descriptors beyond the
// process's table, which never shrinks. So the kernel itself finds closed descriptors up to seen.
var seen atomic.Int64

func wait(sets [3]*Set, d time.Duration) (int, error) {
	words, limit, err := prepare(&sets, d > 0)
	switch {
	case err != nil:
		return 0, err
	case sys.SelectLimit != 0 && limit > sys.SelectLimit || errs(runtime.GOOS, sets):
		return waitByPoll(sets, d)
	case d == 0 && sys.CanLook() && limit <= sys.RawLimit:
		// A failure leaves the sets unchanged, and the call below repeats it.
		if n, errno := sys.SelectLook(limit, words[0], words[1], words[2], new([2]int64)); errno == 0 {
			return n, nil
		}
	}
	for countdown := timeout.Start(d); ; {
		n, errno := sys.Select(limit, words[0], words[1], words[2], countdown.Left())
		if countdown.Again(n, errno) {
			// A wait that ended early has emptied the sets, unlike an interrupted one.
			if errno == 0 {
				restore(sets)
			}
			continue
		}
		switch errno {
		case 0:
			return n, nil
		case syscall.EBADF:
			return 0, errNotOpen(sets)
		}
		return 0, os.NewSyscallError("select", errno)
	}
}

// errs reports whether select(2) of the system gives wrong results for the sets. NetBSD reports the
// end of a pipe as exceptional, and DragonFly does not report a pipe without a reader as writable.
func errs(goos string, sets [3]*Set) bool {
	switch goos {
	case "netbsd":
		return sets[2] != nil && sets[2].highest() >= 0
	case "dragonfly":
		return sets[1] != nil && sets[1].highest() >= 0
	}
	return false
}

// prepare returns the words of the sets for the kernel, nil for an empty set, and one more than the
// highest member. It saves a copy of the words if the wait may be repeated. It refuses closed
// descriptors that the kernel would ignore.
func prepare(sets *[3]*Set, save bool) (words [3]*sys.SelectWord, limit int, err error) {
	if areSame(sets[0], sets[1], sets[2]) {
		return words, 0, errTwice()
	}
	var limits [3]int
	for i, set := range sets {
		if set == nil {
			continue
		}
		if len(set.aside) > 0 && !set.takeAside() {
			return words, 0, errNotOpen(*sets)
		}
		limits[i] = set.highest() + 1
		limit = max(limit, limits[i])
	}
	if highest := int64(limit) - 1; highest > seen.Load() {
		if !sys.IsOpen(int(highest)) {
			return words, 0, errNotOpen(*sets)
		}
		seen.Store(highest)
	}
	for i, set := range sets {
		if set == nil {
			continue
		}
		set.saved = set.saved[:0]
		if limits[i] == 0 {
			continue
		}
		set.grow(limit)
		words[i] = &set.words[0]
		if save {
			set.saved = append(set.saved, set.words...)
		}
	}
	return words, limit, nil
}

// restore gives the sets the members that they had before the wait.
func restore(sets [3]*Set) {
	for _, set := range sets {
		if set != nil {
			copy(set.words, set.saved)
		}
	}
}

// takeAside turns the members of aside into bits if they are open, because the system's limit was
// raised. It reports whether all are open.
func (s *Set) takeAside() bool {
	for fd := range s.aside {
		if !sys.IsOpen(fd) {
			return false
		}
	}
	for fd := range s.aside {
		s.grow(fd + 1)
		s.Add(fd)
	}
	clear(s.aside)
	return true
}
