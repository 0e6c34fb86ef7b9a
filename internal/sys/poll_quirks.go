//go:build unix

package sys

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/lazy"
)

// pollCall is poll(2) as a function.
type pollCall = func([]PollFD, time.Duration) (int, syscall.Errno)

const (
	pollReads  = PollIn | PollRdNorm | PollPri | PollRdBand
	pollWrites = PollOut | PollWrNorm | PollWrBand
)

// correctPoll calls poll, which is DragonFly's poll(2), and corrects its results. It is compiled on
// every Unix, so that tests can use a model of that kernel.
//
// The kernel ignores only descriptor -1, although POSIX lets any negative number disable an entry.
// It implements poll(2) with kevent(2), so its results differ as follows:
//
//   - PollNval is reported for a pipe whose other end is closed, because the kernel turns the errno
//     EPIPE into that event.
//   - If one entry is PollNval, the kernel does not check the others.
//   - Of several entries with the same descriptor, only the last one has a result.
//   - A pipe reports PollHup only if PollOut is requested.
//   - An entry that requests nothing has no result, even if it is not open.
//
// correctPoll polls single entries again. It does not detect that an entry which requests nothing
// hangs up during the wait.
func correctPoll(fds []PollFD, timeout time.Duration, poll pollCall) (int, syscall.Errno) {
	disabled := disableNegative(fds)
	ended := anyEndedSilently(fds, poll)
	if ended {
		timeout = 0
	}
	n, errno := poll(fds, timeout)
	if errno == 0 && (n > 0 || ended) {
		n = correctAll(fds, poll)
	}
	for _, entry := range disabled {
		fds[entry.index].FD = entry.fd
	}
	return n, errno
}

// anyEndedSilently reports whether an entry that requests nothing is hung up or not open.
func anyEndedSilently(fds []PollFD, poll pollCall) bool {
	for i := range fds {
		if fds[i].FD >= 0 && fds[i].Events == 0 && ended(&fds[i], poll) != 0 {
			return true
		}
	}
	return false
}

// correctAll corrects all entries, and returns the number of ready ones.
func correctAll(fds []PollFD, poll pollCall) (n int) {
	refused := false
	for i := range fds {
		refused = refused || fds[i].Revents&PollNval != 0
	}
	for i := range fds {
		e := &fds[i]
		if e.FD < 0 {
			continue
		}
		if e.Revents == 0 && e.Events != 0 && (refused || hasResult(fds, e.FD)) {
			e.Revents = pollEntry(e, e.Events, poll)
		}
		correct(e, poll)
		if e.Revents != 0 {
			n++
		}
	}
	return n
}

// hasResult reports whether an entry of fd is ready.
func hasResult(fds []PollFD, fd int32) bool {
	for i := range fds {
		if fds[i].FD == fd && fds[i].Revents != 0 {
			return true
		}
	}
	return false
}

// correct corrects the result of one entry.
func correct(e *PollFD, poll pollCall) {
	switch {
	case e.Revents&PollNval != 0:
		if IsOpen(int(e.FD)) {
			e.Revents = PollHup | PollErr | pollEntry(e, e.Events&pollReads, poll)&^PollNval
		}
	case e.Events == 0 || e.Revents&pollReads != 0 && e.Events&pollWrites == 0:
		e.Revents |= ended(e, poll)
	}
}

// ended returns PollHup if the entry is hung up, PollNval if it is not open, or else 0.
func ended(e *PollFD, poll pollCall) uint16 {
	result := pollEntry(e, PollOut, poll)
	if result&PollNval != 0 && IsOpen(int(e.FD)) {
		return PollHup
	}
	return result & (PollHup | PollErr | PollNval)
}

// pollEntry returns the result of polling the entry alone for events. It does not change the entry.
func pollEntry(e *PollFD, events uint16, poll pollCall) uint16 {
	before := *e
	e.Events, e.Revents = events, 0
	_, errno := poll(unsafe.Slice(e, 1), 0)
	result := e.Revents
	*e = before
	if errno != 0 {
		return 0
	}
	return result
}

// disabledFD is the descriptor of an entry that disableNegative has changed.
type disabledFD struct {
	index int
	fd    int32
}

// disableNegative replaces descriptors below -1 with -1, and returns the replaced ones.
func disableNegative(fds []PollFD) (disabled []disabledFD) {
	for i := range fds {
		if fds[i].FD < -1 {
			disabled = append(disabled, disabledFD{index: i, fd: fds[i].FD})
			fds[i].FD = -1
		}
	}
	return disabled
}

// rdHupIgnored is the result of pollIgnoresRdHup.
var rdHupIgnored lazy.Value[bool]

// pollIgnoresRdHup reports whether the kernel is older than PollRdHup. FreeBSD has it since 13.1.
// It returns false while the process has too few descriptors left for the check.
func pollIgnoresRdHup() bool {
	if runtime.GOOS != "freebsd" {
		return false
	}
	ignored, _ := rdHupIgnored.Get(func() (bool, error) { return ignoresRdHup(Poll) })
	return ignored
}

// ignoresRdHup reports whether poll does not report PollRdHup for a socket whose peer has shut down
// its writing side.
func ignoresRdHup(poll pollCall) (bool, error) {
	syscall.ForkLock.RLock()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		syscall.ForkLock.RUnlock()
		return false, err
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	syscall.ForkLock.RUnlock()
	defer func() { _, _ = unix.Close(pair[0]), unix.Close(pair[1]) }() // they are open
	if err := unix.Shutdown(pair[1], unix.SHUT_WR); err != nil {
		return false, err
	}
	fds := []PollFD{{FD: int32(pair[0]), Events: PollRdHup}}
	if _, errno := poll(fds, 0); errno != 0 {
		return false, errno
	}
	return fds[0].Revents&PollRdHup == 0, nil
}
