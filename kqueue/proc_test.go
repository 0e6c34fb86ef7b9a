//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"math"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/kqueue"
)

// watchExit returns the change that waits for the end of a process.
func watchExit(pid uint64) kqueue.Event {
	return noted(int(pid), kqueue.FilterProc, kqueue.EvAdd, kqueue.NoteExit|kqueue.NoteExitStatus, 0)
}

// exited waits for the end of the process and returns its status.
func exited(t testing.TB, queue *kqueue.Queue, pid uint64) syscall.WaitStatus {
	t.Helper()
	event := one(t, queue, int(pid), kqueue.FilterProc)
	if event.Fflags&kqueue.NoteExit == 0 || event.Flags&kqueue.EvEOF == 0 {
		t.Errorf("event is %v, want NoteExit and EvEOF", event)
	}
	return syscall.WaitStatus(event.Data)
}

func TestExitReportsTheStatus(t *testing.T) {
	for _, status := range []int{0, 7, 255} {
		c := startChild(t, status)
		queue := newQueue(t)
		apply(t, queue, watchExit(c.pid()))
		none(t, queue)
		c.exit(t)
		if got := exited(t, queue, c.pid()); !got.Exited() || got.ExitStatus() != status {
			t.Errorf("status is %#x, want exit with %d", got, status)
		}
		none(t, queue)
		fails(t, queue, change(int(c.pid()), kqueue.FilterProc, kqueue.EvDelete), unix.ENOENT, unix.ESRCH)
		c.wait()
		if got := c.command.ProcessState.ExitCode(); got != status {
			t.Errorf("its parent gets %d, want %d", got, status)
		}
	}
}

func TestExitReportsTheSignal(t *testing.T) {
	c := startChild(t, parentOf)
	c.ownChild(t) // a process that is still starting survives SIGKILL on NetBSD
	queue := newQueue(t)
	apply(t, queue, watchExit(c.pid()))
	must(t, c.command.Process.Kill())
	if got := exited(t, queue, c.pid()); !got.Signaled() || got.Signal() != syscall.SIGKILL {
		t.Errorf("status is %#x, want SIGKILL", got)
	}
}

// TestEarlierExitIsReported registers a process that its parent has not reaped yet.
func TestEarlierExitIsReported(t *testing.T) {
	c := startChild(t, 3)
	ended := newQueue(t)
	apply(t, ended, watchExit(c.pid()))
	c.exit(t)
	exited(t, ended, c.pid())
	queue := newQueue(t)
	if n, err := queue.Control([]kqueue.Event{watchExit(c.pid())}, nil, 0); err != nil {
		t.Skipf("this system does not know a process that has ended: %d, %v", n, err)
	}
	if got := exited(t, queue, c.pid()); got.ExitStatus() != 3 {
		t.Errorf("status is %#x, want exit with 3", got)
	}
}

func TestEveryQueueReportsAnExit(t *testing.T) {
	c := startChild(t, 4)
	queues := []*kqueue.Queue{newQueue(t), newQueue(t), newQueue(t)}
	for _, queue := range queues {
		apply(t, queue, watchExit(c.pid()))
	}
	c.exit(t)
	for _, queue := range queues {
		if got := exited(t, queue, c.pid()); got.ExitStatus() != 4 {
			t.Errorf("status is %#x, want exit with 4", got)
		}
	}
}

func TestDisabledAndDeletedProcessesAreSilent(t *testing.T) {
	c := startChild(t, 0)
	queue, other := newQueue(t), newQueue(t)
	apply(t, other, watchExit(c.pid()))
	apply(t, queue, watchExit(c.pid()))
	disabled := watchExit(c.pid())
	disabled.Flags = kqueue.EvDisable
	apply(t, queue, disabled)
	c.exit(t)
	exited(t, other, c.pid())
	none(t, queue)
	must(t, queue.Close())

	c = startChild(t, 0)
	queue = newQueue(t)
	apply(t, other, watchExit(c.pid()))
	apply(t, queue, watchExit(c.pid()), change(int(c.pid()), kqueue.FilterProc, kqueue.EvDelete))
	c.exit(t)
	exited(t, other, c.pid())
	none(t, queue)
}

func TestExitEndsARegistrationWithoutNoteExit(t *testing.T) {
	c := startChild(t, 0)
	queue, other := newQueue(t), newQueue(t)
	bare := noted(int(c.pid()), kqueue.FilterProc, kqueue.EvAdd, 0, 0)
	apply(t, queue, bare)
	apply(t, other, watchExit(c.pid()))
	none(t, queue)
	c.exit(t)
	exited(t, other, c.pid())
	switch runtime.GOOS {
	case "dragonfly", "netbsd": // they report the exit without a note
		if event := one(t, queue, int(c.pid()), kqueue.FilterProc); event.Fflags != 0 {
			t.Errorf("event is %v, want no notes", event)
		}
	}
	none(t, queue)
	fails(t, queue, change(int(c.pid()), kqueue.FilterProc, kqueue.EvDelete), unix.ENOENT, unix.ESRCH)
	fails(t, queue, bare, unix.ESRCH) // also before its parent has waited for it
}

func TestNoSuchProcess(t *testing.T) {
	queue := newQueue(t)
	c := startChild(t, 0)
	c.exit(t)
	c.wait()
	fails(t, queue, watchExit(c.pid()), unix.ESRCH)
	fails(t, queue, watchExit(math.MaxInt32), unix.ESRCH)
	bad := watchExit(0)
	if runtime.GOOS == "linux" { // 0 is a process of some BSDs
		fails(t, queue, bad, unix.ESRCH)
	}
	for _, ident := range []uint64{1<<32 | uint64(os.Getpid()), math.MaxUint64} {
		bad.Ident = ident
		fails(t, queue, bad, unix.ESRCH)
	}
}

// TestProcessThatIsNotOurs registers the parent process, which the system may refuse.
func TestProcessThatIsNotOurs(t *testing.T) {
	needs(t, watchExit(uint64(os.Getpid())))
	queue := newQueue(t)
	for _, pid := range []int{os.Getppid(), 1} {
		events := make([]kqueue.Event, 1)
		n, err := queue.Control([]kqueue.Event{watchExit(uint64(pid))}, events, 0)
		if err != nil || n > 1 {
			t.Fatalf("process %d: %d events, %v", pid, n, err)
		}
		if n == 1 && !slices.Contains([]syscall.Errno{unix.ESRCH, unix.EACCES, unix.EPERM}, syscall.Errno(events[0].Data)) {
			t.Errorf("process %d: %v, want it watched, or ESRCH, EACCES or EPERM", pid, events[0])
		}
	}
	none(t, queue)
}

// TestManyExits watches many processes. Each is reported once, with its own status.
func TestManyExits(t *testing.T) {
	const processes = 20
	queue := newQueue(t)
	statuses := make(map[uint64]int)
	var children []*child
	for i := range processes {
		c := startChild(t, i)
		children = append(children, c)
		statuses[c.pid()] = i
		apply(t, queue, watchExit(c.pid()))
	}
	for _, c := range children {
		c.exit(t)
	}
	for len(statuses) > 0 {
		events := wait(t, queue, 3, soon)
		if len(events) == 0 {
			t.Fatalf("%d processes were not reported: %v", len(statuses), statuses)
		}
		for _, event := range events {
			status, expected := statuses[event.Ident]
			if got := syscall.WaitStatus(event.Data); !expected || got.ExitStatus() != status {
				t.Errorf("event is %v, want exit with %d, once", event, status)
			}
			delete(statuses, event.Ident)
		}
	}
	none(t, queue)
}

// TestTrackedChild follows the child of a process, if the system can.
func TestTrackedChild(t *testing.T) {
	c := startChild(t, 0)
	needs(t, noted(int(c.pid()), kqueue.FilterProc, kqueue.EvAdd, kqueue.NoteTrack, 0))
	queue := newQueue(t)
	self := os.Getpid()
	_, err := queue.Control([]kqueue.Event{
		noted(self, kqueue.FilterProc, kqueue.EvAdd, kqueue.NoteTrack|kqueue.NoteExit, 0),
	}, nil, 0)
	if err != nil {
		t.Skip("this system does not follow children:", err)
	}
	born := startChild(t, 5)
	for {
		events := wait(t, queue, 1, soon)
		if len(events) == 0 {
			t.Fatal("the child was not reported")
		}
		if event := events[0]; event.Fflags&kqueue.NoteChild != 0 {
			if event.Ident != born.pid() || event.Data != int64(self) {
				t.Errorf("event is %v, want NoteChild of %d with its parent %d", event, born.pid(), self)
			}
			if event.Fflags&kqueue.NoteExit != 0 {
				t.Errorf("event %v has NoteChild and NoteExit", event)
			}
			return
		}
	}
}
