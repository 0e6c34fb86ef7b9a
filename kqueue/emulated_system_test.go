//go:build linux

package kqueue_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// newNamespace gives the test's thread a new namespace. The thread ends with the test.
func newNamespace(t *testing.T, kind int) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(kind); err != nil {
		t.Skip("the program may not create a namespace:", err)
	}
}

// setLink brings an interface up or down.
func setLink(t *testing.T, name string, up bool) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	defer func() { must(t, unix.Close(fd)) }()
	request, err := unix.NewIfreq(name)
	must(t, err)
	request.SetUint16(0)
	if up {
		request.SetUint16(unix.IFF_UP)
	}
	must(t, unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request))
}

const linkNotes = kqueue.NoteLinkUp | kqueue.NoteLinkDown | kqueue.NoteLinkInv

// loopback is the index of the interface lo in a new namespace.
const loopback = 1

func TestLinkChanges(t *testing.T) {
	newNamespace(t, unix.CLONE_NEWNET)
	all, only, other := newQueue(t), newQueue(t), newQueue(t)
	apply(t, all, noted(0, kqueue.FilterNetdev, kqueue.EvAdd, linkNotes, 0))
	apply(t, only, noted(loopback, kqueue.FilterNetdev, kqueue.EvAdd, kqueue.NoteLinkDown, 0))
	fails(t, other, noted(loopback+1, kqueue.FilterNetdev, kqueue.EvAdd, linkNotes, 0), unix.ENXIO)
	fails(t, other, noted(loopback, kqueue.FilterNetdev, kqueue.EvAdd, 0, 0), unix.EINVAL)
	fails(t, other, noted(loopback, kqueue.FilterNetdev, kqueue.EvAdd, 0x8, 0), unix.EINVAL)
	none(t, all)
	for range 2 {
		setLink(t, "lo", true)
		if event := one(t, all, 0, kqueue.FilterNetdev); event.Fflags != kqueue.NoteLinkUp || event.Data != loopback {
			t.Errorf("event is %v, want NoteLinkUp of %d", event, loopback)
		}
		setLink(t, "lo", true) // no change
		none(t, all)
		setLink(t, "lo", false)
		if event := one(t, all, 0, kqueue.FilterNetdev); event.Fflags != kqueue.NoteLinkDown {
			t.Errorf("event is %v, want NoteLinkDown", event)
		}
		if event := one(t, only, loopback, kqueue.FilterNetdev); event.Fflags != kqueue.NoteLinkDown {
			t.Errorf("event is %v, want NoteLinkDown alone", event)
		}
	}
	apply(t, all, change(0, kqueue.FilterNetdev, kqueue.EvDisable))
	setLink(t, "lo", true)
	none(t, all)
	apply(t, all, change(0, kqueue.FilterNetdev, kqueue.EvEnable))
	one(t, all, 0, kqueue.FilterNetdev)
	apply(t, all, change(0, kqueue.FilterNetdev, kqueue.EvDelete))
	setLink(t, "lo", false)
	none(t, all)
}

func TestLinkThatGoesAway(t *testing.T) {
	newNamespace(t, unix.CLONE_NEWNET)
	queue := newQueue(t)
	tun, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("the program may not create an interface:", err)
	}
	leak.Opened(tun)
	request, err := unix.NewIfreq("kqueue0")
	must(t, err)
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(tun, unix.TUNSETIFF, request); err != nil {
		suite.Close(t, tun)
		t.Skip("the program may not create an interface:", err)
	}
	apply(t, queue, noted(0, kqueue.FilterNetdev, kqueue.EvAdd, linkNotes, 0))
	setLink(t, "kqueue0", true)
	one(t, queue, 0, kqueue.FilterNetdev)
	suite.Close(t, tun)
	var seen kqueue.Fflags
	for seen&kqueue.NoteLinkInv == 0 {
		seen |= one(t, queue, 0, kqueue.FilterNetdev).Fflags
	}
}

// TestMissingProcIsNamed mounts an empty file system on /proc.
func TestMissingProcIsNamed(t *testing.T) {
	queue := newQueue(t)
	file, err := unix.Open(newMount(t), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	must(t, err)
	leak.Opened(file)
	defer suite.Close(t, file)
	must(t, unix.Mount("test", "/proc", "tmpfs", 0, ""))
	defer func() { must(t, unix.Unmount("/proc", 0)) }()
	for _, bad := range []kqueue.Event{
		change(file, kqueue.FilterRead, kqueue.EvAdd),
		noted(file, kqueue.FilterVnode, kqueue.EvAdd, kqueue.NoteWrite, 0),
		noted(0, kqueue.FilterFS, kqueue.EvAdd, mountNotes, 0),
	} {
		fails(t, queue, bad, unix.EOPNOTSUPP)
		_, err := queue.Control([]kqueue.Event{bad}, nil, 0)
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "mount /proc") {
			t.Errorf("%v: error is %v, want errors.ErrUnsupported with advice", bad.Filter, err)
		}
	}
	if _, err := kqueue.FromFD(queue.FD()); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "mount /proc") {
		t.Errorf("FromFD: error is %v, want errors.ErrUnsupported with advice", err)
	}
	if _, err := kqueue.FromFD(file); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("FromFD of a folder: error is %v, want errors.ErrUnsupported", err)
	}
	none(t, queue)
}

const mountNotes = kqueue.NoteMount | kqueue.NoteUnmount

// newMount returns a directory to mount on, in a new namespace.
func newMount(t *testing.T) string {
	t.Helper()
	newNamespace(t, unix.CLONE_NEWNS)
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Skip("the program may not change mounts:", err)
	}
	return t.TempDir()
}

func TestMountsAndUnmounts(t *testing.T) {
	dir := newMount(t)
	queue, unmounts := newQueue(t), newQueue(t)
	apply(t, queue, noted(0, kqueue.FilterFS, kqueue.EvAdd, mountNotes, 0))
	apply(t, unmounts, noted(0, kqueue.FilterFS, kqueue.EvAdd, kqueue.NoteUnmount, 0))
	fails(t, queue, noted(1, kqueue.FilterFS, kqueue.EvAdd, 0, 0), unix.EINVAL)
	none(t, queue)
	for _, poll := range []bool{false, true} {
		must(t, unix.Mount("test", dir, "tmpfs", 0, ""))
		if poll && !readable(t, queue.FD()) {
			t.Error("the queue is not readable")
		}
		if event := one(t, queue, 0, kqueue.FilterFS); event.Fflags != kqueue.NoteMount {
			t.Errorf("event is %v, want NoteMount", event)
		}
		none(t, queue)
		none(t, unmounts)
		must(t, unix.Unmount(dir, 0))
		if event := one(t, queue, 0, kqueue.FilterFS); event.Fflags != kqueue.NoteUnmount {
			t.Errorf("event is %v, want NoteUnmount", event)
		}
		if event := one(t, unmounts, 0, kqueue.FilterFS); event.Fflags != kqueue.NoteUnmount {
			t.Errorf("event is %v, want NoteUnmount alone", event)
		}
	}
	apply(t, queue, change(0, kqueue.FilterFS, kqueue.EvDelete))
	must(t, unix.Mount("test", dir, "tmpfs", 0, ""))
	none(t, queue)
	must(t, unix.Unmount(dir, 0))
}

// TestMountOverAWatchedDirectory is a row of docs/kqueue-notes.md.
func TestMountOverAWatchedDirectory(t *testing.T) {
	dir := newMount(t)
	fd := open(t, dir, unix.O_RDONLY)
	queue := newQueue(t)
	watchFile(t, queue, fd)
	must(t, unix.Mount("test", dir, "tmpfs", 0, ""))
	none(t, queue)
	must(t, unix.Unmount(dir, 0))
	none(t, queue)
}

// newTerminal returns both ends of a pseudo-terminal.
func newTerminal(t *testing.T) (master, terminal int) {
	t.Helper()
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skip("there are no pseudo-terminals:", err)
	}
	leak.Opened(master)
	suite.CloseAtEnd(t, master)
	must(t, unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	must(t, err)
	return master, open(t, fmt.Sprintf("/dev/pts/%d", number), unix.O_RDWR|unix.O_NOCTTY)
}

func TestTerminalIsRevoked(t *testing.T) {
	for name, revoke := range map[string]func(t *testing.T, master, terminal int){
		"Hangup": func(t *testing.T, _, terminal int) {
			const tiocvhangup = 0x5437
			if err := unix.IoctlSetInt(terminal, tiocvhangup, 0); err != nil {
				t.Skip("the program may not hang up a terminal:", err)
			}
		},
		"OtherEndCloses": func(t *testing.T, master, _ int) { suite.Close(t, master) },
	} {
		t.Run(name, func(t *testing.T) {
			master, terminal := newTerminal(t)
			queue := newQueue(t)
			apply(t, queue, change(terminal, kqueue.FilterWrite, kqueue.EvAdd|kqueue.EvClear),
				noted(terminal, kqueue.FilterVnode, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteRevoke, 0))
			one(t, queue, terminal, kqueue.FilterWrite)
			apply(t, queue, change(terminal, kqueue.FilterWrite, kqueue.EvDelete))
			none(t, queue)
			revoke(t, master, terminal)
			if event := one(t, queue, terminal, kqueue.FilterVnode); event.Fflags != kqueue.NoteRevoke || event.Flags&kqueue.EvEOF == 0 {
				t.Errorf("event is %v, want NoteRevoke and EvEOF", event)
			}
			none(t, queue)
			apply(t, queue, change(terminal, kqueue.FilterVnode, kqueue.EvDelete))
		})
	}
}

// TestFilesAcceptNoteRevoke requests NoteRevoke of files that cannot be revoked.
func TestFilesAcceptNoteRevoke(t *testing.T) {
	queue := newQueue(t)
	_, file := newFile(t, 1)
	for _, fd := range []int{file, open(t, os.DevNull, unix.O_RDONLY)} {
		apply(t, queue, noted(fd, kqueue.FilterVnode, kqueue.EvAdd, kqueue.NoteRevoke, 0))
	}
	none(t, queue)
}

// watchForks registers a process, or skips the test without the permission.
func watchForks(t *testing.T, queue *kqueue.Queue, pid uint64, notes kqueue.Fflags) {
	t.Helper()
	add := noted(int(pid), kqueue.FilterProc, kqueue.EvAdd, notes, 0)
	_, err := queue.Control([]kqueue.Event{add}, nil, 0)
	if errors.Is(err, unix.EPERM) {
		t.Skip("forks are reported only with CAP_NET_ADMIN, outside containers:", err)
	}
	must(t, err)
}

// forks makes the child fork, and returns the number of the new process.
func (c *child) forks(t *testing.T) uint64 {
	t.Helper()
	_, err := c.letGo.Write([]byte{1})
	must(t, err)
	return c.ownChild(t)
}

func TestForkIsReported(t *testing.T) {
	c := startChild(t, parentOf+forksLater)
	queue := newQueue(t)
	watchForks(t, queue, c.pid(), kqueue.NoteFork)
	none(t, queue)
	c.forks(t)
	if event := one(t, queue, int(c.pid()), kqueue.FilterProc); event.Fflags != kqueue.NoteFork {
		t.Errorf("event is %v, want NoteFork", event)
	}
	none(t, queue)
	c.exit(t)
}

// TestChildrenAreFollowed expects NoteChild alone, and then the events of the child.
func TestChildrenAreFollowed(t *testing.T) {
	const status = 7
	c := startChild(t, parentOf+forksLater+status)
	queue := newQueue(t)
	watchForks(t, queue, c.pid(), kqueue.NoteFork|kqueue.NoteExec|kqueue.NoteTrack|kqueue.NoteExit)
	grandchild := c.forks(t)
	c.exit(t)
	var parent, own []kqueue.Event
	for len(parent) == 0 || parent[len(parent)-1].Fflags&kqueue.NoteExit == 0 ||
		len(own) == 0 || own[len(own)-1].Fflags&kqueue.NoteExit == 0 {
		events := wait(t, queue, 1, soon)
		if len(events) == 0 {
			t.Fatalf("only %v and %v were reported", parent, own)
		}
		switch events[0].Ident {
		case c.pid():
			parent = append(parent, events[0])
		case grandchild:
			own = append(own, events[0])
		} // package os also starts processes, to test the kernel
	}
	if parent[0].Fflags&kqueue.NoteFork == 0 {
		t.Errorf("of the parent came %v, want NoteFork first", parent)
	}
	if own[0].Fflags != kqueue.NoteChild || own[0].Data != int64(c.pid()) || own[0].Udata != mark {
		t.Errorf("the first event of the child is %v, want NoteChild of %d", own[0], c.pid())
	}
	var notes kqueue.Fflags
	for _, event := range own[1:] {
		notes |= event.Fflags
	}
	if last := own[len(own)-1]; notes != kqueue.NoteExec|kqueue.NoteExit || last.Data != status<<8 || last.Flags&kqueue.EvEOF == 0 {
		t.Errorf("of the child came %v, want NoteExec and NoteExit with %d", own[1:], status<<8)
	}
	none(t, queue)
}

func TestForksAreRefusedByName(t *testing.T) {
	newNamespace(t, unix.CLONE_NEWNET) // the kernel reports no forks in it
	queue := newQueue(t)
	c := startChild(t, 0)
	add := noted(int(c.pid()), kqueue.FilterProc, kqueue.EvAdd, kqueue.NoteFork, 0)
	fails(t, queue, add, unix.EPERM)
	_, err := queue.Control([]kqueue.Event{add}, nil, 0)
	if !strings.Contains(err.Error(), "NoteFork") {
		t.Errorf("error %q does not name NoteFork", err)
	}
	// An existing registration is unchanged.
	apply(t, queue, watchExit(c.pid()))
	fails(t, queue, add, unix.EPERM)
	c.exit(t)
	exited(t, queue, c.pid())
}
