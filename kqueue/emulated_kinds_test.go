//go:build linux

package kqueue_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/test/suite"
	"iomux/kqueue"
)

func newEventfd(t *testing.T) int {
	t.Helper()
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	must(t, err)
	suite.CloseAtEnd(t, fd)
	return fd
}

// TestEventfd checks the Data of an eventfd, for which Linux has no count.
func TestEventfd(t *testing.T) {
	fd := newEventfd(t)
	queue := newQueue(t)
	apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvAdd))
	none(t, queue)
	_, err := unix.Write(fd, []byte{1, 1, 1, 1, 1, 1, 1, 1})
	must(t, err)
	for range 2 {
		if event := one(t, queue, fd, kqueue.FilterRead); event.Data != 1 {
			t.Errorf("event is %v, want 1", event)
		}
	}
	read(t, fd, 8)
	none(t, queue)
	apply(t, queue, change(fd, kqueue.FilterWrite, kqueue.EvAdd))
	if event := one(t, queue, fd, kqueue.FilterWrite); event.Data != 0 {
		t.Errorf("event is %v, want no number", event)
	}
}

// A filter of a file needs an inotify instance, which is a descriptor.
func TestErrorAtTheLimitOfInotifyNamesTheSysctl(t *testing.T) {
	file, queue := suite.File(t), newQueue(t)
	suite.LimitReached(t)
	for _, bad := range []kqueue.Event{
		change(file, kqueue.FilterRead, kqueue.EvAdd),
		noted(file, kqueue.FilterVnode, kqueue.EvAdd, kqueue.NoteWrite, 0),
	} {
		_, err := queue.Control([]kqueue.Event{bad}, nil, 0)
		isError(t, err, unix.EMFILE)
		if err != nil && !strings.Contains(err.Error(), "fs.inotify.max_user_instances or the limit of open files") {
			t.Errorf("%v: error is %v, want one with advice", bad.Filter, err)
		}
	}
}

func TestQueueDoesNotAcceptItself(t *testing.T) {
	queue := newQueue(t)
	_, err := queue.Control([]kqueue.Event{change(queue.FD(), kqueue.FilterRead, kqueue.EvAdd)}, nil, 0)
	isError(t, err, unix.EINVAL)
	if err != nil && !strings.Contains(err.Error(), "it is the queue itself") {
		t.Errorf("error is %v, want one that names the queue", err)
	}
}

// TestDeviceIsAlwaysReady registers a device that cannot be polled.
func TestDeviceIsAlwaysReady(t *testing.T) {
	fd := open(t, os.DevNull, unix.O_RDWR)
	queue := newQueue(t)
	apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvAdd), change(fd, kqueue.FilterWrite, kqueue.EvAdd|kqueue.EvClear))
	if events := wait(t, queue, 4, soon); len(events) != 2 {
		t.Errorf("events are %v, want both", events)
	}
	one(t, queue, fd, kqueue.FilterRead)
}

// TestClosedFile closes a watched file and reuses its number. Neither file is reported.
func TestClosedFile(t *testing.T) {
	path, source := newFile(t, 10)
	otherPath, other := newFile(t, 10)
	for _, filter := range []kqueue.Filter{kqueue.FilterRead, kqueue.FilterWrite, kqueue.FilterVnode} {
		queue := newQueue(t)
		fd := duplicate(t, source)
		apply(t, queue, noted(fd, filter, kqueue.EvAdd, 0, 0))
		if filter == kqueue.FilterVnode {
			apply(t, queue, noted(fd, filter, kqueue.EvAdd, kqueue.NoteAttrib, 0))
		}
		suite.Close(t, fd)
		must(t, os.Chmod(path, 0o600))
		none(t, queue)
		if reused := duplicate(t, other); reused != fd {
			t.Fatalf("the number is %d, want %d", reused, fd)
		}
		must(t, os.Chmod(path, 0o600))
		must(t, os.Chmod(otherPath, 0o600))
		none(t, queue)
		apply(t, queue, noted(fd, filter, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteAttrib, 0))
		must(t, os.Chmod(otherPath, 0o600))
		one(t, queue, fd, filter)
		must(t, queue.Close())
		suite.Close(t, fd)
	}
}

// TestRemovedFileIsClosed removes and closes a watched file. The next file may have its inode
// number as well as its descriptor number.
func TestRemovedFileIsClosed(t *testing.T) {
	queue := newQueue(t)
	path := filepath.Join(t.TempDir(), "file")
	for range 20 {
		must(t, os.WriteFile(path, []byte{1}, 0o600))
		fd := open(t, path, unix.O_RDONLY)
		apply(t, queue, noted(fd, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteDelete, 0),
			change(fd, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear))
		must(t, os.Remove(path))
		if events := wait(t, queue, 4, soon); len(events) != 2 {
			t.Errorf("events are %v, want that of reading and NoteDelete", events)
		}
		suite.Close(t, fd)
		none(t, queue)
	}
}

// TestInotifyOverflows overflows the queue of inotify. Changes that fstat(2) shows are still
// reported.
func TestInotifyOverflows(t *testing.T) {
	first, a := newFile(t, 0)
	second, b := newFile(t, 0)
	third, c := newFile(t, 0)
	queue := newQueue(t)
	notes := kqueue.NoteWrite | kqueue.NoteExtend | kqueue.NoteAttrib
	for _, fd := range []int{a, b, c} {
		apply(t, queue, noted(fd, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, notes, 0))
	}
	for range 10_000 { // the default limit is 16384 events
		must(t, os.Chmod(first, 0o600))
		must(t, os.Chmod(second, 0o600))
	}
	extend(t, third, 1)
	events := wait(t, queue, 8, soon)
	if len(events) != 3 {
		t.Fatalf("events are %v, want all three files", events)
	}
	for _, event := range events {
		if event.Ident == uint64(c) && event.Fflags&kqueue.NoteExtend == 0 {
			t.Errorf("event is %v, want NoteExtend", event)
		}
	}
	none(t, queue)
}

func TestAddAndDeleteInOneChange(t *testing.T) {
	queue := newQueue(t)
	both := timer(1, kqueue.EvDelete, 0, 1)
	apply(t, queue, both, both)
	none(t, queue)
}

// TestAbsoluteTimerIsReportedOnce checks that an absolute timer expires once and stays registered.
func TestAbsoluteTimerIsReportedOnce(t *testing.T) {
	queue := newQueue(t)
	apply(t, queue, timer(1, 0, kqueue.NoteAbsTime, time.Now().UnixMilli()+10))
	if event := one(t, queue, 1, kqueue.FilterTimer); event.Data != 1 {
		t.Errorf("event is %v, want one expiry", event)
	}
	none(t, queue)
	apply(t, queue, timer(1, 0, kqueue.NoteAbsTime, 1))
	if event := one(t, queue, 1, kqueue.FilterTimer); event.Data != 1 {
		t.Errorf("event is %v, want one expiry of a time that is long past", event)
	}
	none(t, queue)
	apply(t, queue, change(1, kqueue.FilterTimer, kqueue.EvDelete))
}

// TestChangeWithoutTriggerUndoesATrigger uses EvClear without NoteTrigger, which undoes a trigger
// as on FreeBSD.
func TestChangeWithoutTriggerUndoesATrigger(t *testing.T) {
	queue := newUserQueue(t, kqueue.EvClear)
	apply(t, queue, trigger(0, 0), change(1, kqueue.FilterUser, kqueue.EvClear))
	none(t, queue)
}

// TestChangedNotesApplyToLaterEvents changes the notes after an event. The event is not reported.
func TestChangedNotesApplyToLaterEvents(t *testing.T) {
	path, fd := newFile(t, 0)
	queue := newQueue(t)
	apply(t, queue, noted(fd, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteWrite, 0))
	extend(t, path, 1)
	apply(t, queue, noted(fd, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteExtend, 0))
	none(t, queue)
	extend(t, path, 1)
	one(t, queue, fd, kqueue.FilterVnode)
}

// TestCloseLeavesAnotherFileWithTheNumberOpen closes the second of two Queues with one number,
// after another file got the number.
func TestCloseLeavesAnotherFileWithTheNumberOpen(t *testing.T) {
	needsFromFD(t)
	queue := newQueue(t)
	fd := queue.FD()
	same, err := kqueue.FromFD(fd)
	must(t, err)
	must(t, same.Close())
	// The file gets the lowest free number.
	if owner := open(t, os.DevNull, unix.O_RDONLY); owner != fd {
		must(t, unix.Dup3(owner, fd, unix.O_CLOEXEC))
		suite.CloseAtEnd(t, fd)
	}
	if err := queue.Close(); !errors.Is(err, unix.EBADF) {
		t.Errorf("Close: %v", err)
	}
	if !sys.IsOpen(fd) {
		t.Error("the next owner's descriptor was closed")
	}
}

func TestProcessThatEndsWhileDisabled(t *testing.T) {
	c := startChild(t, 6)
	queue := newQueue(t)
	add := watchExit(c.pid())
	add.Udata = 1
	apply(t, queue, add)
	add.Flags, add.Udata = kqueue.EvAdd|kqueue.EvDisable, mark
	apply(t, queue, add)
	c.exit(t)
	c.wait()
	none(t, queue)
	apply(t, queue, change(int(c.pid()), kqueue.FilterProc, kqueue.EvEnable))
	if got := exited(t, queue, c.pid()); got.ExitStatus() != 6 && keepsStatus(t) {
		t.Errorf("status is %#x, want exit with 6", got)
	}
}

// TestProcessWithoutNotes adds notes later.
func TestProcessWithoutNotes(t *testing.T) {
	c := startChild(t, 6)
	queue := newQueue(t)
	apply(t, queue, change(int(c.pid()), kqueue.FilterProc, kqueue.EvAdd))
	c.exit(t)
	none(t, queue)
	apply(t, queue, watchExit(c.pid()))
	if got := exited(t, queue, c.pid()); got.ExitStatus() != 6 {
		t.Errorf("status is %#x, want exit with 6", got)
	}
}

// TestThreadIsNotAProcess registers a thread.
func TestThreadIsNotAProcess(t *testing.T) {
	needs(t, watchExit(uint64(os.Getpid())))
	queue := newQueue(t)
	var all sync.WaitGroup
	all.Go(func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		if id := unix.Gettid(); id != os.Getpid() {
			fails(t, queue, watchExit(uint64(id)), syscall.ESRCH)
		}
	})
	all.Wait()
}

// TestNotesAreKeptWithoutEvAdd uses EvEnable and EvDisable without EvAdd.
func TestNotesAreKeptWithoutEvAdd(t *testing.T) {
	path, fd := newFile(t, 0)
	queue := newQueue(t)
	apply(t, queue, noted(fd, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteExtend, 0))
	apply(t, queue, change(fd, kqueue.FilterVnode, kqueue.EvDisable), change(fd, kqueue.FilterVnode, kqueue.EvEnable))
	extend(t, path, 1)
	if event := one(t, queue, fd, kqueue.FilterVnode); event.Fflags != kqueue.NoteExtend {
		t.Errorf("event is %v, want NoteExtend", event)
	}
}

// TestChangesWithoutAFlagReportAgain makes changes of a registration with EvClear whose condition
// still holds. OpenBSD ignores them.
func TestChangesWithoutAFlagReportAgain(t *testing.T) { reportsAgain(t, 0) }

// A queue on Linux has several epolls, and sources outside any epoll. All of them have their turn.
func TestShortListReportsFiltersAndDevicesInTurns(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	must(t, err)
	defer func() { must(t, null.Close()) }()
	device := int(null.Fd())
	for _, filters := range [][2]kqueue.Filter{{kqueue.FilterRead, kqueue.FilterWrite}, {kqueue.FilterWrite, kqueue.FilterRead}} {
		for room := 1; room <= 5; room++ {
			queue := newQueue(t)
			socket, peer := suite.SocketPair(t, syscall.SOCK_STREAM)
			suite.Write(t, peer)
			left := make(map[kqueue.Event]bool)
			for _, ident := range []int{socket, device} {
				for _, filter := range filters {
					apply(t, queue, change(ident, filter, kqueue.EvAdd))
					left[kqueue.Event{Ident: uint64(ident), Filter: filter}] = true
				}
			}
			for range 30 {
				for _, event := range wait(t, queue, room, soon) {
					delete(left, kqueue.Event{Ident: event.Ident, Filter: event.Filter})
				}
			}
			if len(left) > 0 {
				t.Errorf("first %v, room for %d: never reported are %v", filters[0], room, left)
			}
		}
	}
}

func TestSignalOfAThreadIsReported(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, number := range []unix.Signal{unix.SIGUSR2, unix.SIGCHLD} {
		queue := newQueue(t)
		apply(t, queue, change(int(number), kqueue.FilterSignal, kqueue.EvAdd))
		must(t, unix.Tgkill(os.Getpid(), unix.Gettid(), number))
		one(t, queue, int(number), kqueue.FilterSignal)
	}
}

// NetBSD and DragonFly report nothing, so that a program waits for ever.
func TestShutDownListenerIsAtItsEnd(t *testing.T) {
	queue := newQueue(t)
	listener, _ := suite.Listen(t)
	apply(t, queue, change(listener, kqueue.FilterRead, kqueue.EvAdd))
	shutDown(t, queue, listener)
}

func TestListenerThatWasAddedBeforeItListenedIsAtItsEnd(t *testing.T) {
	queue := newQueue(t)
	listener := suite.Socket(t, unix.SOCK_STREAM)
	address := suite.Bind(t, listener)
	apply(t, queue, change(listener, kqueue.FilterRead, kqueue.EvAdd))
	must(t, unix.Listen(listener, 1))
	suite.Connect(t, address)
	one(t, queue, listener, kqueue.FilterRead)
	accepted, _, err := unix.Accept(listener)
	must(t, err)
	must(t, unix.Close(accepted))
	none(t, queue)
	shutDown(t, queue, listener)
}

func shutDown(t *testing.T, queue *kqueue.Queue, listener int) {
	t.Helper()
	must(t, unix.Shutdown(listener, unix.SHUT_RDWR))
	event := one(t, queue, listener, kqueue.FilterRead)
	if event.Flags&kqueue.EvEOF == 0 || event.Fflags != kqueue.Fflags(unix.ECONNABORTED) {
		t.Errorf("event is %v, want EvEOF and ECONNABORTED", event)
	}
}
