package sys_test

import (
	"math"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

func TestEpollWaitIsNeverEarly(t *testing.T) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(epfd) }()
	for name, coarse := range map[string]bool{"epoll_pwait2": false, "epoll_pwait": true} {
		t.Run(name, func(t *testing.T) {
			defer sys.CoarseEpoll(sys.CoarseEpoll(coarse))
			neverEarly(t, func(timeout time.Duration) unix.Errno {
				var event unix.EpollEvent
				_, errno := sys.EpollWait(epfd, unsafe.Pointer(&event), 1, timeout)
				return errno
			})
		})
	}
}

// newEpoll returns an epoll and an eventfd that is readable.
func newEpoll(t *testing.T) (epfd, readable int) {
	t.Helper()
	epfd, err := sys.EpollCreate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(epfd) })
	if readable, err = unix.Eventfd(1, unix.EFD_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(readable) })
	return epfd, readable
}

func TestEpollControlPassesEventsAndData(t *testing.T) {
	epfd, fd := newEpoll(t)
	const data = 0x0123456789abcdef
	for _, step := range []struct {
		op     int
		events uint32
		data   uint64
	}{
		{sys.EpollAdd, unix.EPOLLIN, data}, {sys.EpollModify, unix.EPOLLIN | unix.EPOLLOUT, ^uint64(data)},
		{sys.EpollModify, unix.EPOLLOUT, sys.EpollData(-2, 0xfedcba98)},
	} {
		if errno := sys.EpollControl(epfd, step.op, fd, step.events, step.data); errno != 0 {
			t.Fatal("epoll_ctl:", errno)
		}
		var event unix.EpollEvent
		n, errno := sys.EpollLook(epfd, unsafe.Pointer(&event), 1)
		if n != 1 || errno != 0 || event.Events != step.events || sys.EpollData(event.Fd, uint32(event.Pad)) != step.data {
			t.Errorf("%+v: %d events, %v, %+v", step, n, errno, event)
		}
	}
	if errno := sys.EpollControl(epfd, sys.EpollRemove, fd, 0, 0); errno != 0 {
		t.Fatal("epoll_ctl:", errno)
	}
	if errno := sys.EpollControl(epfd, sys.EpollRemove, fd, 0, 0); errno != unix.ENOENT {
		t.Errorf("removed twice: %v, want ENOENT", errno)
	}
}

func TestEpollControlDoesNotTruncateNumbers(t *testing.T) {
	epfd, fd := newEpoll(t)
	for _, wrong := range []int{-1, math.MinInt, math.MinInt32, math.MaxInt, math.MaxInt&^math.MaxInt32 | fd} {
		if wrong == fd {
			continue // on 32-bit machines
		}
		if errno := sys.EpollControl(epfd, sys.EpollAdd, wrong, unix.EPOLLIN, 0); errno != unix.EBADF {
			t.Errorf("descriptor %d: %v, want EBADF", wrong, errno)
		}
	}
}

func TestEpollControlDoesNotAllocate(t *testing.T) {
	epfd, fd := newEpoll(t)
	if n := testing.AllocsPerRun(100, func() {
		_ = sys.EpollControl(epfd, sys.EpollAdd, fd, unix.EPOLLIN, sys.EpollData(int32(fd), 1))
		_ = sys.EpollControl(epfd, sys.EpollRemove, fd, 0, 0)
	}); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}

// childEnd is the name of an environment variable for the end of the child process: its exit
// status, or a negated signal.
const childEnd = "IOMUX_TEST_CHILD_END"

func TestChild(*testing.T) {
	end, err := strconv.Atoi(os.Getenv(childEnd))
	if err != nil {
		return // not started by TestWaitStatus
	}
	if end >= 0 {
		os.Exit(end)
	}
	_ = unix.Kill(os.Getpid(), unix.Signal(-end))
	select {}
}

func TestWaitStatus(t *testing.T) {
	for _, end := range []int{0, 7, 255, -int(unix.SIGKILL), -int(unix.SIGTERM)} {
		t.Run(strconv.Itoa(end), func(t *testing.T) {
			child := suite.Itself(t.Context(), "-test.run=^TestChild$")
			child.Env = append(os.Environ(), childEnd+"="+strconv.Itoa(end))
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			pidfd, err := sys.NewProcess(child.Process)
			if err != nil {
				_ = child.Wait()
				t.Skip("this system has no pidfds:", err)
			}
			defer func() { _ = unix.Close(pidfd) }()
			fds := []sys.PollFD{{FD: int32(pidfd), Events: sys.PollIn}}
			for errno := unix.EINTR; errno == unix.EINTR; {
				_, errno = sys.Poll(fds, -1)
			}
			wait, known := sys.WaitStatus(pidfd)
			byNumber, exited, errno := sys.ChildStatus(unix.P_PID, child.Process.Pid)
			if byNumber != wait || !exited || errno != 0 {
				t.Errorf("status %#x by number, exited: %v, %v, want %#x", byNumber, exited, errno, wait)
			}
			_ = child.Wait() // the error is the status, which ProcessState also has
			if want := child.ProcessState.Sys().(syscall.WaitStatus); !known || wait != unix.WaitStatus(want) {
				t.Errorf("wait status %#x, known: %v, want %#x", wait, known, want)
			}
		})
	}
}

func TestWaitStatusOfOthersIsUnknown(t *testing.T) {
	self, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		t.Skip("this system has no pidfds:", err)
	}
	defer func() { _ = unix.Close(self) }()
	if _, exited, errno := sys.ChildStatus(unix.P_PID, os.Getpid()); exited || errno != unix.ECHILD {
		t.Errorf("this process: exited: %v, %v, want ECHILD", exited, errno)
	}
	for name, fd := range map[string]int{"a process that runs": self, "no descriptor": -1} {
		if status, known := sys.WaitStatus(fd); known {
			t.Errorf("%s: wait status %#x", name, status)
		}
	}
}
