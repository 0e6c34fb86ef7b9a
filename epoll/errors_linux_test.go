package epoll_test

import (
	"errors"
	"math"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

// systemRefusals returns refusals of files, and of flags that only Linux has.
func systemRefusals(t *testing.T, poller *epoll.Poller) []refusal {
	t.Helper()
	directory, err := unix.Open(t.TempDir(), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	must(t, err)
	suite.CloseAtEnd(t, directory)
	r, _ := suite.Pipe(t)
	must(t, poller.Register(r, epoll.In))
	exclusive, _ := suite.Pipe(t)
	must(t, poller.Register(exclusive, epoll.In|epoll.Exclusive))
	unknown, _ := suite.Pipe(t)
	closed := suite.ClosedFD(t)
	return []refusal{
		{"register a file", 0, poller.Register(suite.File(t), epoll.In), unix.EPERM},
		{"register a directory", directory, poller.Register(directory, epoll.In), unix.EPERM},
		// The kernel checks the descriptors first, then the flags, then the registrations.
		{"register a closed one with wrong flags", closed, poller.Register(closed, epoll.Exclusive|epoll.OneShot), unix.EBADF},
		{"register twice with wrong flags", r, poller.Register(r, epoll.Exclusive|epoll.OneShot), unix.EINVAL},
		{"modify to exclusive", r, poller.Modify(r, epoll.In|epoll.Exclusive), unix.EINVAL},
		{"modify an exclusive one", exclusive, poller.Modify(exclusive, epoll.In), unix.EINVAL},
		{"modify an unknown one to exclusive", unknown, poller.Modify(unknown, epoll.In|epoll.Exclusive), unix.EINVAL},
	}
}

func TestFromFD(t *testing.T) {
	first := newPoller(t)
	duplicate, err := unix.FcntlInt(uintptr(first.FD()), unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	second, err := epoll.FromFD(duplicate)
	must(t, err)
	r, w := suite.Pipe(t)
	must(t, first.Register(r, epoll.In))
	suite.Write(t, w)
	events := make([]epoll.Event, 4)
	if n, err := second.Poll(events, -1); n != 1 || err != nil || events[0].FD != int32(r) {
		t.Errorf("Poll: %v, %v", events[:n], err)
	}
	suite.Drain(t, r)

	// Closing one does not close the other, and neither sees the other's waker.
	must(t, first.Close())
	if n, err := second.Poll(events, 0); n != 0 || err != nil {
		t.Errorf("Poll after Close of the other: %v, %v", events[:n], err)
	}
	ended := make(chan error)
	go func() {
		_, err := second.Poll(make([]epoll.Event, 1), -1)
		ended <- err
	}()
	must(t, second.Close())
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("Poll: %v, want os.ErrClosed", err)
	}
}

func TestFromFDRefusesOtherDescriptors(t *testing.T) {
	r, _ := suite.Pipe(t)
	for fd, want := range map[int]unix.Errno{r: unix.EINVAL, -1: unix.EBADF, suite.ClosedFD(t): unix.EBADF, math.MaxInt: unix.EBADF} {
		if poller, err := epoll.FromFD(fd); !errors.Is(err, want) || poller != nil {
			t.Errorf("FromFD(%d): %v, %v, want %v", fd, poller, err, want)
		}
	}
	if _, err := unix.FcntlInt(uintptr(r), unix.F_GETFD, 0); err != nil {
		t.Error("FromFD closed a refused descriptor:", err)
	}
}

func TestDescriptorOfThePoller(t *testing.T) {
	poller := newPoller(t)
	fd := poller.FD()
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor flags are %#x, %v, want close-on-exec", flags, err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_ACCMODE != unix.O_RDWR {
		t.Errorf("file flags are %#x, %v, want O_RDWR", flags, err)
	}
	if _, err := unix.Read(fd, make([]byte, 8)); err != unix.EINVAL {
		t.Errorf("read: %v, want EINVAL", err)
	}
	if _, err := unix.Write(fd, make([]byte, 8)); err != unix.EINVAL {
		t.Errorf("write: %v, want EINVAL", err)
	}
	must(t, poller.Close())
	if fd := poller.FD(); fd != -1 {
		t.Errorf("after Close the descriptor is %d", fd)
	}
}

func TestCloseAfterTheProgramClosedTheDescriptor(t *testing.T) {
	poller, err := epoll.New()
	must(t, err)
	must(t, unix.Close(poller.FD()))
	if err := poller.Close(); !errors.Is(err, unix.EBADF) {
		t.Errorf("Close: %v, want EBADF", err)
	}
}

func TestExhaustedDescriptorsLeakNothing(t *testing.T) {
	suite.Limit(t, suite.ClosedFD(t)+20)
	for range 3 { // each round opens as many
		var pollers []*epoll.Poller
		for {
			poller, err := epoll.New()
			if errors.Is(err, unix.EMFILE) {
				break
			}
			must(t, err)
			pollers = append(pollers, poller)
		}
		if len(pollers) < 20 {
			t.Errorf("only %d Pollers could be opened", len(pollers))
		}
		for _, poller := range pollers {
			must(t, poller.Close())
		}
	}
}
