//go:build unix

package sys

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// dragonFly is a model of DragonFly's poll(2): it reports PollNval for each entry that is -2 or
// less, is not open, or is in closedPeers.
func dragonFly(closedPeers ...int32) func([]PollFD, time.Duration) (int, syscall.Errno) {
	return func(fds []PollFD, _ time.Duration) (n int, _ syscall.Errno) {
		for i := range fds {
			fds[i].Revents = 0
			if fd := fds[i].FD; fd < -1 || fd >= 0 && !IsOpen(int(fd)) || slices.Contains(closedPeers, fd) {
				fds[i].Revents = PollNval
				n++
			}
		}
		return n, 0
	}
}

func TestCorrectedPollOfDragonFly(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = unix.Close(pipe[0]), unix.Close(pipe[1]) }()
	w := int32(pipe[1])
	fds := []PollFD{
		{FD: -1, Events: PollIn}, {FD: w, Events: PollOut}, {FD: -6, Events: PollIn}, {FD: 1 << 24, Events: PollIn},
		{FD: -1 << 31, Events: PollOut},
	}
	n, errno := correctPoll(fds, 0, dragonFly(w))
	want := []PollFD{
		{FD: -1, Events: PollIn}, {FD: w, Events: PollOut, Revents: PollHup | PollErr}, {FD: -6, Events: PollIn},
		{FD: 1 << 24, Events: PollIn, Revents: PollNval}, {FD: -1 << 31, Events: PollOut},
	}
	if n != 2 || errno != 0 || !slices.Equal(fds, want) {
		t.Errorf("%d, %v, %+v, want 2, no error, %+v", n, errno, fds, want)
	}
}

func TestCorrectedPollPassesErrorsOn(t *testing.T) {
	fds := []PollFD{{FD: -6, Revents: PollNval}}
	n, errno := correctPoll(fds, 0, func([]PollFD, time.Duration) (int, syscall.Errno) { return -1, unix.EINTR })
	if n != -1 || errno != unix.EINTR || fds[0].FD != -6 {
		t.Errorf("%d, %v, %+v, want -1, EINTR and descriptor -6", n, errno, fds)
	}
}

func TestCorrectedPollOfDragonFlyDoesNotAllocate(t *testing.T) {
	fds := []PollFD{{FD: -1}, {FD: 0}}
	poll := dragonFly()
	if n := testing.AllocsPerRun(100, func() { _, _ = correctPoll(fds, 0, poll) }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}
