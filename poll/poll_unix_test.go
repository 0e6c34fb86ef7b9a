//go:build unix

package poll_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/poll"
)

func TestLayoutOfFD(t *testing.T) {
	var ours poll.FD
	var kernels unix.PollFd
	if unsafe.Sizeof(ours) != unsafe.Sizeof(kernels) || unsafe.Offsetof(ours.Events) != unsafe.Offsetof(kernels.Events) ||
		unsafe.Offsetof(ours.Revents) != unsafe.Offsetof(kernels.Revents) {
		t.Error("the layout of FD is not that of struct pollfd")
	}
}

// x/sys has these constants. Other tests use the rest.
func TestConstantsMatchTheSystem(t *testing.T) {
	for ours, systems := range map[poll.Events]poll.Events{
		poll.In: unix.POLLIN, poll.Pri: unix.POLLPRI, poll.Out: unix.POLLOUT,
		poll.Err: unix.POLLERR, poll.Hup: unix.POLLHUP, poll.Nval: unix.POLLNVAL,
	} {
		if ours != systems {
			t.Errorf("%v is %#x, the system's is %#x", ours, uint16(ours), uint16(systems))
		}
	}
	if poll.DefaultEvents != poll.In|poll.Pri|poll.Out {
		t.Errorf("DefaultEvents is %v", poll.DefaultEvents)
	}
}

func TestMoreEntriesThanDescriptors(t *testing.T) {
	const limit = 4000 // more than some systems accept at all limits
	suite.Limit(t, limit)
	fds := make([]poll.FD, limit+1)
	for i := range fds {
		fds[i].FD = -1
	}
	n, err := poll.Wait(fds, 0)
	if n == 0 && err == nil && runtime.GOOS != "linux" {
		t.Skip("the limit of this system's poll(2) is higher than RLIMIT_NOFILE")
	}
	var call *os.SyscallError
	if n != 0 || !errors.Is(err, unix.EINVAL) || !errors.As(err, &call) || call.Syscall != "poll" {
		t.Errorf("Wait: %d, %v, want EINVAL of poll", n, err)
	}
	if text := fmt.Sprint(err); !strings.Contains(text, "4001 entries") || !strings.Contains(text, "raise ") {
		t.Errorf("%q does not name the entries and the remedy", text)
	}
}

// The kernel refuses a list with more entries than the process may have descriptors.
func TestUnregisteredEntriesAreNotCounted(t *testing.T) {
	poller := poll.New()
	fds := writable(t, poller, 90)
	suite.Limit(t, 100)
	for range 3 {
		for _, fd := range fds[:40] {
			must(t, poller.Unregister(fd))
		}
		for _, fd := range fds[:40] {
			must(t, poller.Register(fd, poll.Out))
		}
		if n, err := poller.Poll(make([]poll.Event, 100), 0); n != 90 || err != nil {
			t.Errorf("Poll: %d, %v, want 90", n, err)
		}
	}
}
