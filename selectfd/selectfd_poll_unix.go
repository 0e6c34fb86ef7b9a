//go:build unix

package selectfd

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// waitByPoll emulates select(2) with poll(2), for sets that some systems' select(2) does not accept
// or gets wrong.
func waitByPoll(sets [3]*Set, d time.Duration) (int, error) {
	list := lists.Get().(*[]sys.PollFD)
	defer lists.Put(list)
	*list = appendPollFDs((*list)[:0], sets)
	for countdown := timeout.Start(d); ; {
		n, errno := sys.Poll(*list, countdown.Left())
		switch {
		case countdown.Again(n, errno):
			continue
		case errno != 0:
			return 0, os.NewSyscallError("select", errno)
		}
		if n > 0 && dropUnreported(*list) {
			continue // select reports none of it
		}
		for _, fd := range *list {
			if fd.Revents&unix.POLLNVAL != 0 {
				return 0, errNotOpen(sets)
			}
		}
		return takeResults(*list, sets), nil
	}
}

var lists = sync.Pool{New: func() any { return new([]sys.PollFD) }}

// asked and answered hold the events that each set requests, and those that make a member ready.
// They are the same as in Linux's select(2).
var (
	asked    = [3]uint16{unix.POLLIN, unix.POLLOUT, unix.POLLPRI}
	answered = [3]uint16{unix.POLLIN | unix.POLLHUP | unix.POLLERR, unix.POLLOUT | unix.POLLERR | brokenPipe(), unix.POLLPRI}
)

// brokenPipe returns the event of a pipe without a reader besides POLLERR, or instead of it.
func brokenPipe() uint16 {
	if sys.IsLinux {
		return 0
	}
	return unix.POLLHUP
}

// appendPollFDs appends one entry for each descriptor, even if it is in several sets.
func appendPollFDs(list []sys.PollFD, sets [3]*Set) []sys.PollFD {
	for i, set := range sets {
		if set == nil {
			continue
		}
		for fd := range set.All() {
			if i > 0 && sets[0] != nil && sets[0].Has(fd) || i > 1 && sets[1] != nil && sets[1].Has(fd) {
				continue // it has an entry
			}
			var events uint16
			for j, other := range sets {
				if other != nil && other.Has(fd) {
					events |= asked[j]
				}
			}
			list = append(list, sys.PollFD{FD: int32(fd), Events: events})
		}
	}
	return list
}

// answers returns the events of fd that make it ready in one of its sets.
func answers(fd sys.PollFD) uint16 {
	var mask uint16 = unix.POLLNVAL
	for i := range asked {
		if fd.Events&asked[i] != 0 {
			mask |= answered[i]
		}
	}
	return fd.Revents & mask
}

// dropUnreported reports whether select reports none of the ready entries. An example is a hung-up
// descriptor in the set x alone. It disables these entries, because poll would report them again at
// once. A hung-up descriptor gets no more urgent data.
func dropUnreported(list []sys.PollFD) bool {
	for _, fd := range list {
		if answers(fd) != 0 {
			return false
		}
	}
	for i := range list {
		if list[i].Revents != 0 {
			list[i].FD = -1
		}
	}
	return true
}

// takeResults leaves only ready members in the sets, and returns their number.
func takeResults(list []sys.PollFD, sets [3]*Set) int {
	for _, set := range sets {
		if set != nil {
			set.Clear()
		}
	}
	n := 0
	for _, fd := range list {
		for i, set := range sets {
			if set != nil && fd.FD >= 0 && fd.Events&asked[i] != 0 && fd.Revents&answered[i] != 0 {
				set.Add(int(fd.FD))
				n++
			}
		}
	}
	return n
}
