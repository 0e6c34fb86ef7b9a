package backend

import (
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
)

// A file whose poll(2) consumes what it reports forbids parking, and so does every unknown kind.
func TestWhichFilesForbidParking(t *testing.T) {
	for _, file := range []struct {
		name    string
		open    func(t *testing.T) (fd int, err error)
		forbids bool
	}{
		{"pipe", func(t *testing.T) (int, error) { fd, _ := suite.Pipe(t); return fd, nil }, false},
		{"socket", func(t *testing.T) (int, error) { return suite.Socket(t, unix.SOCK_STREAM), nil }, false},
		{"tty", opened("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY), false},
		{"eventfd", func(*testing.T) (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC) }, false},
		{"timerfd", func(*testing.T) (int, error) { return unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC) }, false},
		{"signalfd", func(*testing.T) (int, error) { return unix.Signalfd(-1, new(unix.Sigset_t), unix.SFD_CLOEXEC) }, false},
		{"inotify", func(*testing.T) (int, error) { return unix.InotifyInit1(unix.IN_CLOEXEC) }, false},
		{"epoll", func(*testing.T) (int, error) { return unix.EpollCreate1(unix.EPOLL_CLOEXEC) }, true},
		{"pidfd", func(*testing.T) (int, error) { return unix.PidfdOpen(os.Getpid(), 0) }, false},
		{"perf_event", openPerf, true},
		{"/proc/self/mountinfo", opened("/proc/self/mountinfo", unix.O_RDONLY), true},
		{"/proc/sys/kernel/hostname", opened("/proc/sys/kernel/hostname", unix.O_RDONLY), true},
		{"/proc/pressure/cpu", opened("/proc/pressure/cpu", unix.O_RDONLY), true},
		{"cgroup.events", openCgroup, true},
		{"/dev/null", opened("/dev/null", unix.O_RDWR), true},
		{"memfd", func(*testing.T) (int, error) { return unix.MemfdCreate("test", unix.MFD_CLOEXEC) }, true},
	} {
		t.Run(file.name, func(t *testing.T) {
			fd, err := file.open(t)
			for _, absent := range []error{fs.ErrNotExist, fs.ErrPermission, errors.ErrUnsupported} {
				if errors.Is(err, absent) {
					t.Skip("this system does not let the test open it:", err)
				}
			}
			must(t, err)
			suite.CloseAtEnd(t, fd)
			name, err := os.Readlink(procPath(fd))
			if errors.Is(err, fs.ErrNotExist) {
				t.Skip("no /proc, so the kind of a file is unknown:", err)
			}
			must(t, err)
			if got := forbidsParking(fd); got != file.forbids {
				t.Errorf("%s forbids parking: %v, want %v", name, got, file.forbids)
			}
		})
	}
}

// inspecting is an Owner whose descriptors are inspected one by one and never come to an end.
type inspecting struct {
	always
	inspect func(found func(fd int))
	calls   int
}

func (o *inspecting) Inspect(from int, _ func(int) bool, found func(int)) int {
	o.calls++
	o.inspect(found)
	return from + 1
}

func newEpoll(t *testing.T) *epollBackend {
	t.Helper()
	b, err := NewEpoll(false)
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	return b.(*epollBackend)
}

func TestReadyDescriptorDoesNotWaitForTheInspection(t *testing.T) {
	b, batch := newEpoll(t), new(Batch)
	r, w := suite.Pipe(t)
	must(t, b.Add(r, Readable, 1))
	batch.MakeRoom(8)
	owner := &inspecting{always: true}
	owner.inspect = func(func(int)) {
		if owner.calls == 3 {
			suite.Write(t, w)
		}
	}
	for batch.N == 0 && owner.calls < 10 {
		must(t, b.Sleep(batch, -1, owner))
	}
	if owner.calls != 3 || batch.N != 1 || !batch.Busy {
		t.Errorf("%d inspections until the batch is %+v, want 3", owner.calls, *batch)
	}
}

// An unfinished inspection does not continue while a descriptor forbids parking.
func TestSleepBlocksWhileADescriptorForbidsParking(t *testing.T) {
	b, batch := newEpoll(t), new(Batch)
	batch.MakeRoom(8)
	owner := &inspecting{always: true, inspect: func(found func(int)) { found(0) }}
	must(t, b.Sleep(batch, -1, owner))
	start := time.Now()
	const timeout = 10 * time.Millisecond
	must(t, b.Sleep(batch, timeout, owner))
	if took := time.Since(start); took < timeout || owner.calls != 1 {
		t.Errorf("the second sleep took %v, and there were %d inspections, want 1", took, owner.calls)
	}
}

func opened(path string, flags int) func(*testing.T) (int, error) {
	return func(*testing.T) (int, error) { return unix.Open(path, flags|unix.O_CLOEXEC, 0) }
}

func openPerf(*testing.T) (int, error) {
	attributes := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK}
	attributes.Size = uint32(unsafe.Sizeof(attributes))
	return unix.PerfEventOpen(&attributes, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
}

// openCgroup opens a file of the cgroup hierarchy (version 2) at any mount point.
func openCgroup(t *testing.T) (fd int, err error) {
	for _, path := range []string{
		"/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/unified/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs",
		"/sys/fs/cgroup/memory.events",
	} {
		if fd, err = opened(path, unix.O_RDONLY)(t); err == nil {
			return fd, nil
		}
	}
	return fd, err
}
