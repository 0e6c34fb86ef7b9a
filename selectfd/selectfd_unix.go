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
	highest, err := prepare(sets)
	switch {
	case err != nil:
		return 0, err
	case sys.SelectLimit != 0 && highest >= sys.SelectLimit || errs(runtime.GOOS, sets):
		return waitByPoll(sets, d)
	}
	limit := highest + 1
	words := expose(sets, limit, d > 0)
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

// prepare returns the highest member, or -1 for empty sets. It refuses closed descriptors that the
// kernel would ignore.
func prepare(sets [3]*Set) (highest int, err error) {
	highest = -1
	for _, set := range sets {
		if set == nil {
			continue
		}
		if !set.takeAside() {
			return -1, errNotOpen(sets)
		}
		highest = max(highest, set.highest())
	}
	if int64(highest) > seen.Load() {
		if !sys.IsOpen(highest) {
			return -1, errNotOpen(sets)
		}
		seen.Store(int64(highest))
	}
	return highest, nil
}

// expose returns the words of the sets for the kernel, nil for an empty set. It saves a copy of
// them if the wait may be repeated.
func expose(sets [3]*Set, limit int, save bool) (words [3]*sys.SelectWord) {
	for i, set := range sets {
		if set == nil {
			continue
		}
		set.saved = set.saved[:0]
		if set.highest() < 0 {
			continue
		}
		set.grow(limit)
		words[i] = &set.words[0]
		if save {
			set.saved = append(set.saved, set.words...)
		}
	}
	return words
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
	if len(s.aside) == 0 {
		return true
	}
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
