package sys_test

import (
	"os"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

// childEnd is the name of an environment variable for the end of the child process: its exit
// status, or a negated signal.
const childEnd = "IOMUX_TEST_CHILD_END"

func TestChild(*testing.T) {
	end, err := strconv.Atoi(os.Getenv(childEnd))
	if err != nil {
		return // not started by TestExitStatus
	}
	if end >= 0 {
		os.Exit(end)
	}
	_ = unix.Kill(os.Getpid(), unix.Signal(-end))
	select {}
}

func TestExitStatus(t *testing.T) {
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
			status, known := sys.ExitStatus(pidfd)
			wait, waitKnown := sys.WaitStatus(pidfd)
			byNumber, exited, errno := sys.ChildStatus(unix.P_PID, child.Process.Pid)
			if byNumber != wait || !exited || errno != 0 {
				t.Errorf("status %#x by number, exited: %v, %v, want %#x", byNumber, exited, errno, wait)
			}
			_ = child.Wait() // the error is the status, which ProcessState also has
			if !known || status != end {
				t.Errorf("exit status %d, known: %v, want %d", status, known, end)
			}
			if want := child.ProcessState.Sys().(syscall.WaitStatus); !waitKnown || wait != unix.WaitStatus(want) {
				t.Errorf("wait status %#x, known: %v, want %#x", wait, waitKnown, want)
			}
		})
	}
}

func TestExitStatusOfOthersIsUnknown(t *testing.T) {
	self, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		t.Skip("this system has no pidfds:", err)
	}
	defer func() { _ = unix.Close(self) }()
	if _, exited, errno := sys.ChildStatus(unix.P_PID, os.Getpid()); exited || errno != unix.ECHILD {
		t.Errorf("this process: exited: %v, %v, want ECHILD", exited, errno)
	}
	for name, fd := range map[string]int{"a process that runs": self, "no descriptor": -1} {
		if status, known := sys.ExitStatus(fd); known {
			t.Errorf("%s: exit status %d", name, status)
		}
		if status, known := sys.WaitStatus(fd); known {
			t.Errorf("%s: wait status %#x", name, status)
		}
	}
}
