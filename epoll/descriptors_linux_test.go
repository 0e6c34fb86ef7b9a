package epoll_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/epoll"
	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

// openBelow returns the open descriptors below limit, with their flags.
func openBelow(limit int) map[int]int {
	open := make(map[int]int)
	for fd := range limit {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			open[fd] = flags
		}
	}
	return open
}

func TestAllDescriptorsAreCloseOnExec(t *testing.T) {
	before := openBelow(1000)
	newPoller(t)
	added := 0
	for fd, flags := range openBelow(1000) {
		if _, old := before[fd]; old {
			continue
		}
		if added++; flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d is not close-on-exec", fd)
		}
	}
	if added != 2 {
		t.Errorf("New opened %d descriptors, want an epoll and a waker", added)
	}
}

func TestNewWithoutRoomForTheWaker(t *testing.T) {
	suite.Limit(t, 300)
	var last int
	for {
		fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == unix.EMFILE {
			break
		}
		must(t, err)
		suite.CloseAtEnd(t, fd)
		last = fd
	}
	suite.Close(t, last)
	before := openBelow(300)
	for range 3 {
		if poller, err := epoll.New(); poller != nil || !errors.Is(err, unix.EMFILE) {
			t.Fatalf("New with room for one descriptor: %v, %v, want EMFILE", poller, err)
		}
	}
	if after := openBelow(300); len(after) != len(before) {
		t.Errorf("%d descriptors are open, want %d as before", len(after), len(before))
	}
	suite.Limit(t, 302)
	newPoller(t)
}

func TestFromFDDoesNotTruncateNumbers(t *testing.T) {
	const beyond = math.MaxInt >> 32 << 32
	if beyond == 0 {
		t.Skip("an int has 32 bits on this machine")
	}
	poller := newPoller(t)
	if other, err := epoll.FromFD(beyond | poller.FD()); other != nil || !errors.Is(err, unix.EBADF) {
		t.Errorf("FromFD: %v, %v, want EBADF", other, err)
	}
	none(t, poller)
}

func TestPollAfterTheProgramClosedTheDescriptor(t *testing.T) {
	poller, err := epoll.New()
	must(t, err)
	must(t, unix.Close(poller.FD()))
	for _, timeout := range []time.Duration{0, soon, -1} {
		if n, err := poller.Poll(make([]epoll.Event, 1), timeout); n != 0 || !errors.Is(err, unix.EBADF) {
			t.Errorf("Poll: %d, %v, want EBADF", n, err)
		}
	}
	if err := poller.Close(); !errors.Is(err, unix.EBADF) {
		t.Errorf("Close without waiters: %v, want EBADF", err)
	}
}

func TestAdvice(t *testing.T) {
	closed := suite.ClosedFD(t)
	for errno, want := range map[unix.Errno]string{
		unix.EBADF:  "bad file descriptor (it is not open)",
		unix.EEXIST: "file exists (it is already registered: use Modify)",
		unix.ENOENT: "no such file or directory (it is not registered, or was closed and its number reused)",
		unix.EINVAL: "invalid argument (it is the poller itself, or Exclusive is not allowed here)",
		unix.ELOOP:  "too many levels of symbolic links (epolls watch each other, or too many are nested)",
		unix.ENOSPC: "no space left on device (raise the sysctl fs.epoll.max_user_watches)",
		unix.ENOMEM: "cannot allocate memory",
	} {
		want = fmt.Sprintf("epoll_ctl: descriptor %d: %s", closed, want)
		if err := sys.EpollError(closed, errno); err.Error() != want || !errors.Is(err, errno) {
			t.Errorf("%q, want %q", err, want)
		}
	}
	r, _ := suite.Pipe(t)
	if _, err := epoll.FromFD(r); err == nil || !strings.Contains(err.Error(), "it is not an epoll") {
		t.Errorf("FromFD of a pipe: %v", err)
	}
}

// The error of a descriptor that is always ready names its kind.
func TestAlwaysReadyDescriptorsAreNamed(t *testing.T) {
	poller := newPoller(t)
	folder := t.TempDir()
	must(t, os.WriteFile(folder+"/file", nil, 0o600))
	for path, want := range map[string]string{
		folder + "/file": "it is a regular file",
		folder:           "it is a directory",
		"/dev/null":      "it is a device that cannot be waited on",
	} {
		file, err := os.Open(path)
		must(t, err)
		err = poller.Register(int(file.Fd()), epoll.In)
		if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), want) {
			t.Errorf("Register of %s: %v, want %q", path, err, want)
		}
		must(t, file.Close())
	}
}

// Kernels before 5.11 and some sandboxes lack epoll_pwait2.
func TestTimeoutsWithoutPwait2(t *testing.T) {
	before := sys.CoarseEpoll(true)
	t.Cleanup(func() { sys.CoarseEpoll(before) })
	suite.RunTimeouts(t, mechanism)
}
