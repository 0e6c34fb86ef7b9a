//go:build unix

package selectfd

import (
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/timeout"
)

// waitByPoll is select(2) by means of poll(2), for descriptors that select refuses on some systems.
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
		if n > 0 && silence(*list) {
			continue // nothing that select would report
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

// What select asks for in each of its sets, and what it takes for an answer: as Linux' own select(2) does, which is made of
// the same events. Some other systems call a pipe that nobody reads hung up, where Linux says that there is an error.
var (
	asked    = [3]uint16{unix.POLLIN, unix.POLLOUT, unix.POLLPRI}
	answered = [3]uint16{unix.POLLIN | unix.POLLHUP | unix.POLLERR, unix.POLLOUT | unix.POLLERR | brokenPipe(), unix.POLLPRI}
)

// brokenPipe returns the event besides POLLERR, or instead of it, of a pipe that has no reader.
func brokenPipe() uint16 {
	if runtime.GOOS == "linux" {
		return 0
	}
	return unix.POLLHUP
}

// appendPollFDs makes one entry of each descriptor, however many sets it is in.
func appendPollFDs(list []sys.PollFD, sets [3]*Set) []sys.PollFD {
	for i, set := range sets {
		if set == nil {
			continue
		}
		for fd := range set.All() {
			if i > 0 && sets[0] != nil && sets[0].Has(fd) || i > 1 && sets[1] != nil && sets[1].Has(fd) {
				continue // an earlier set has it
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

// answers are the events of fd that a set which it is in takes for an answer.
func answers(fd sys.PollFD) uint16 {
	var mask uint16 = unix.POLLNVAL
	for i := range asked {
		if fd.Events&asked[i] != 0 {
			mask |= answered[i]
		}
	}
	return fd.Revents & mask
}

// silence reports whether the ready entries have nothing that select reports, such as a hang-up of a descriptor that only
// urgent data is awaited on. It takes them out of the list, since poll would report them again at once; a descriptor that
// was hung up gets no more urgent data.
func silence(list []sys.PollFD) bool {
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

// takeResults leaves in the sets what is ready, and counts it.
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
