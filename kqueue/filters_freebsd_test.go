package kqueue_test

import (
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// request is struct aiocb of <aio.h>.
type request struct {
	fd       int32
	offset   int64
	buffer   uintptr
	size     uintptr
	_        [2]int32
	_        uintptr
	opcode   int32
	_        int32
	_        [3]uintptr
	notify   int32
	queue    int32
	value    uintptr
	flags    uint16
	reserved [8]uintptr
}

// The numbers of <aio.h>, <sys/signal.h> and <sys/syscall.h>.
const (
	lioRead     = 2
	lioNoWait   = 0
	sigevKevent = 3
	aioRead     = 255
	lioListio   = 257
	aioReturn   = 314
)

// newRequest returns a request that reads from fd, and reports to the queue. The kernel keeps its
// address, so the garbage collector must not own it.
func newRequest(t *testing.T, queue *kqueue.Queue, fd int) *request {
	t.Helper()
	memory, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	must(t, err)
	t.Cleanup(func() { must(t, unix.Munmap(memory)) })
	r := (*request)(unsafe.Pointer(&memory[0]))
	*r = request{
		fd: int32(fd), buffer: uintptr(unsafe.Pointer(&memory[2048])), size: 16, opcode: lioRead,
		notify: sigevKevent, queue: int32(queue.FD()), value: mark, flags: uint16(kqueue.EvOneShot),
	}
	return r
}

func TestAsynchronousReadIsReported(t *testing.T) {
	for name, start := range map[string]func(*request) unix.Errno{
		"aio_read": func(r *request) unix.Errno {
			_, _, errno := unix.Syscall(aioRead, uintptr(unsafe.Pointer(r)), 0, 0)
			return errno
		},
		"lio_listio": func(r *request) unix.Errno {
			_, _, errno := unix.Syscall6(lioListio, lioNoWait, uintptr(unsafe.Pointer(&r)), 1, 0, 0, 0)
			return errno
		},
	} {
		t.Run(name, func(t *testing.T) {
			queue := newQueue(t)
			a, b := suite.SocketPair(t, unix.SOCK_STREAM)
			r := newRequest(t, queue, a)
			if errno := start(r); errno != 0 {
				t.Fatal(errno)
			}
			none(t, queue)
			write(t, b, 5)
			address := uintptr(unsafe.Pointer(r))
			event := one(t, queue, int(address), kqueue.FilterAIO)
			if event.Flags&kqueue.EvOneShot == 0 {
				t.Errorf("event is %v, want EvOneShot", event)
			}
			none(t, queue)
			if n, _, errno := unix.Syscall(aioReturn, address, 0, 0); n != 5 || errno != 0 {
				t.Errorf("aio_return: %d, %v, want 5", n, errno)
			}
		})
	}
}

// TestProcessDescriptorReportsTheExit uses pdfork(2). Its child makes no call but _exit(2).
func TestProcessDescriptorReportsTheExit(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var fd int32
	pid, _, errno := unix.RawSyscall(unix.SYS_PDFORK, uintptr(unsafe.Pointer(&fd)), 0, 0)
	if pid == 0 && errno == 0 {
		for {
			_, _, _ = unix.RawSyscall(unix.SYS_EXIT, 7, 0, 0)
		}
	}
	if errno != 0 {
		t.Fatal("pdfork:", errno)
	}
	leak.Opened(int(fd))
	defer suite.Close(t, int(fd))
	queue := newQueue(t)
	apply(t, queue, noted(int(fd), kqueue.FilterProcDesc, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteExit, 0))
	event := one(t, queue, int(fd), kqueue.FilterProcDesc)
	if event.Fflags&kqueue.NoteExit == 0 || unix.WaitStatus(event.Data).ExitStatus() != 7 {
		t.Errorf("event is %v, want NoteExit with status 7", event)
	}
	none(t, queue)
}
