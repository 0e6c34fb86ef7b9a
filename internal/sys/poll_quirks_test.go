//go:build unix

package sys

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// dragonFly is a model of DragonFly's poll(2). It holds the events that kevent(2) reports for ready
// descriptors.
type dragonFly struct {
	ready       map[int32]uint16
	closedPeers []int32 // pipes whose other end is closed
	waits       []time.Duration
}

func (k *dragonFly) poll(fds []PollFD, timeout time.Duration) (n int, _ syscall.Errno) {
	k.waits = append(k.waits, timeout)
	for i := range fds {
		fds[i].Revents = 0
		fd, isRequested := fds[i].FD, fds[i].Events != 0
		if fd < -1 || fd >= 0 && isRequested && (!IsOpen(int(fd)) || k.refuses(fds[i])) {
			fds[i].Revents = PollNval
			n++
		}
	}
	if n > 0 { // a registration failed
		return n, 0
	}
	for i := range fds {
		later := slices.ContainsFunc(fds[i+1:], func(other PollFD) bool { return other.FD == fds[i].FD })
		if fds[i].FD >= 0 && !later {
			if fds[i].Revents = k.ready[fds[i].FD] & fds[i].Events; fds[i].Revents != 0 {
				n++
			}
		}
	}
	return n, 0
}

func (k *dragonFly) refuses(fd PollFD) bool {
	return fd.Events&PollOut != 0 && slices.Contains(k.closedPeers, fd.FD)
}

// openPipe returns both ends of a pipe.
func openPipe(t *testing.T) (r, w int32) {
	t.Helper()
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.Close(pipe[0]), unix.Close(pipe[1]) })
	return int32(pipe[0]), int32(pipe[1])
}

func TestCorrectedPollOfDragonFly(t *testing.T) {
	const closed = 1 << 24
	r, w := openPipe(t)
	ended, idle := openPipe(t)
	kernel := func() *dragonFly {
		return &dragonFly{
			ready:       map[int32]uint16{r: PollIn, ended: PollIn, w: PollOut},
			closedPeers: []int32{ended, idle},
		}
	}
	cases := map[string]struct {
		entries []PollFD
		want    []uint16
	}{
		"negative descriptors":             {[]PollFD{{FD: -1, Events: PollIn}, {FD: -6, Events: PollIn}, {FD: -1 << 31}}, []uint16{0, 0, 0}},
		"pipe without a reader":            {[]PollFD{{FD: idle, Events: PollOut}}, []uint16{PollHup | PollErr}},
		"pipe without a writer":            {[]PollFD{{FD: ended, Events: PollIn}}, []uint16{PollIn | PollHup}},
		"data, both directions requested":  {[]PollFD{{FD: ended, Events: PollIn | PollOut}}, []uint16{PollIn | PollHup | PollErr}},
		"nothing requested, hung up":       {[]PollFD{{FD: idle}}, []uint16{PollHup}},
		"nothing requested, not open":      {[]PollFD{{FD: closed}}, []uint16{PollNval}},
		"nothing requested, ready":         {[]PollFD{{FD: w}, {FD: r}}, []uint16{0, 0}},
		"one of several is not open":       {[]PollFD{{FD: closed, Events: PollIn}, {FD: r, Events: PollIn}, {FD: w, Events: PollIn}}, []uint16{PollNval, PollIn, 0}},
		"one descriptor in several places": {[]PollFD{{FD: r, Events: PollIn}, {FD: w, Events: PollOut}, {FD: r, Events: PollIn}}, []uint16{PollIn, PollOut, PollIn}},
		"ready":                            {[]PollFD{{FD: r, Events: PollIn}, {FD: w, Events: PollOut}}, []uint16{PollIn, PollOut}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			fds := slices.Clone(test.entries)
			ready := 0
			for i, events := range test.want {
				test.entries[i].Revents = events
				if events != 0 {
					ready++
				}
			}
			n, errno := correctPoll(fds, time.Second, kernel().poll)
			if n != ready || errno != 0 || !slices.Equal(fds, test.entries) {
				t.Errorf("%d, %v, %+v, want %d, no error, %+v", n, errno, fds, ready, test.entries)
			}
		})
	}
}

// A hung-up entry that requests nothing does not end the kernel's wait.
func TestCorrectedPollOfDragonFlyDoesNotSleepBesideAHangUp(t *testing.T) {
	_, w := openPipe(t)
	kernel := &dragonFly{closedPeers: []int32{w}}
	fds := []PollFD{{FD: w}}
	if n, errno := correctPoll(fds, -1, kernel.poll); n != 1 || errno != 0 || slices.Contains(kernel.waits, -1) {
		t.Errorf("%d, %v after waits of %v, want 1 without a wait", n, errno, kernel.waits)
	}
	fds[0].Events = PollIn
	kernel.waits = nil
	if _, _ = correctPoll(fds, -1, kernel.poll); !slices.Equal(kernel.waits, []time.Duration{-1}) {
		t.Errorf("waits are %v, want one without limit", kernel.waits)
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
	r, _ := openPipe(t)
	fds := []PollFD{{FD: -1}, {FD: r, Events: PollIn}, {FD: r, Events: PollIn}}
	poll := func(fds []PollFD, _ time.Duration) (int, syscall.Errno) {
		fds[0].Revents = PollIn
		return 1, 0
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = correctPoll(fds, 0, poll) }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}

func TestKernelThatIgnoresRdHupIsNoticed(t *testing.T) {
	older := func(fds []PollFD, timeout time.Duration) (int, syscall.Errno) {
		events := fds[0].Events
		fds[0].Events &^= PollRdHup
		n, errno := Poll(fds, timeout)
		fds[0].Events = events
		return n, errno
	}
	failing := func([]PollFD, time.Duration) (int, syscall.Errno) { return 0, syscall.ENOMEM }
	if ignored, err := ignoresRdHup(older); !ignored || err != nil {
		t.Errorf("an older kernel: %v, %v", ignored, err)
	}
	if ignored, err := ignoresRdHup(failing); ignored || err != syscall.ENOMEM {
		t.Errorf("a failing call: %v, %v", ignored, err)
	}
	if ignored, err := ignoresRdHup(Poll); PollRdHup != PollAbsent && (ignored != pollIgnoresRdHup() || err != nil) {
		t.Errorf("this kernel: %v, %v", ignored, err)
	}
}

func TestMissingEventsAreNamed(t *testing.T) {
	never, always := func() bool { return false }, func() bool { return true }
	if got := pollLacks(PollIn|PollRdHup, always); got == "" {
		t.Error("RdHup is not missing, although the kernel ignores it")
	}
	if got := pollLacks(PollIn|PollOut, always); got != "" {
		t.Errorf("%s is missing, although it was not requested", got)
	}
	if got := pollLacks(PollRdHup, never); (got == "") != (PollRdHup != PollAbsent) {
		t.Errorf("%q is missing", got)
	}
}
