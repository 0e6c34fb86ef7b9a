package sys

import (
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	to "iomux/internal/timeout"
)

// Constants of Windows, which has no poll(2), no select(2), and no pipes that can be waited on.
const (
	PipeBuf = 0

	PollWrNorm = 0x100
	PollWrBand = PollAbsent
	PollMsg    = PollAbsent
	PollRdHup  = 0x2000

	PollAbsent      = 0x8000
	PollAbsentNames = "WrBand or Msg"

	// A wait takes timeouts in units of 100 ns, but ends with a tick of the clock. Programs can
	// make the clock tick once per millisecond at most.
	PollResolution   = time.Millisecond
	SelectResolution = time.Millisecond
	SelectLimit      = 0
)

// SelectWord is a word of the descriptor sets of package selectfd.
type SelectWord = uint

// MaxDescriptors returns 0, because Windows has no limit that programs can read.
func MaxDescriptors() uint64 { return 0 }

var (
	winsock = windows.NewLazySystemDLL("ws2_32.dll")
	selects = winsock.NewProc("select")

	handleInformation = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetHandleInformation")
)

// IsOpen reports whether fd is an open handle of this process. It does not block.
func IsOpen(fd int) bool {
	var flags uint32
	// Negative numbers are pseudo-handles of the process and the thread.
	if fd <= 0 || fd >= math.MaxInt32 {
		return false
	}
	ok, _, _ := syscall.SyscallN(handleInformation.Addr(), uintptr(fd), uintptr(unsafe.Pointer(&flags)))
	return ok != 0
}

// FileID has a single value, because a Poller has no always-ready files on this system.
type FileID struct{}

// Identify returns the only FileID.
func Identify(int) FileID { return FileID{} }

// SocketSet is Winsock's fd_set: the number of sockets, followed by the sockets. It may hold more
// than the 64 sockets of the structure in the C header.
type SocketSet []uintptr

// Add adds a socket to the set.
func (s *SocketSet) Add(fd int) {
	if len(*s) == 0 {
		*s = append(*s, 0)
	}
	*s = append(*s, uintptr(fd))
	(*s)[0]++
}

// Sockets returns the members.
func (s SocketSet) Sockets() []uintptr {
	if len(s) == 0 {
		return nil
	}
	return s[1 : 1+s[0]]
}

// SelectSockets wraps Winsock's select(), after which the sets hold the ready sockets. A negative
// timeout blocks. The error for three empty sets is WSAEINVAL.
func SelectSockets(r, w, x SocketSet, timeout time.Duration) (int, syscall.Errno) {
	var left *windows.Timeval
	if timeout >= 0 {
		us := to.Microseconds(timeout) / time.Microsecond
		left = &windows.Timeval{Sec: int32(min(us/1e6, math.MaxInt32)), Usec: int32(us % 1e6)}
	}
	n, _, errno := syscall.SyscallN(selects.Addr(), 0, uintptr(unsafe.Pointer(unsafe.SliceData(r))),
		uintptr(unsafe.Pointer(unsafe.SliceData(w))), uintptr(unsafe.Pointer(unsafe.SliceData(x))), uintptr(unsafe.Pointer(left)))
	if int32(n) < 0 {
		return 0, errno
	}
	return int(n), 0
}

// unusable explains why fd is not a valid descriptor.
func unusable(int) string { return "it is not open" }

// unpollable is not called, because epoll returns another error for a handle that is not a socket.
func unpollable(int) string { return "it cannot be waited on" }

// Exit waits for the end of a process.
type Exit struct{ process, quit windows.Handle }

// NewExit returns an Exit with a duplicate of the handle of process.
func NewExit(process *os.Process) (e *Exit, err error) {
	e = new(Exit)
	self := windows.CurrentProcess()
	errHandle := process.WithHandle(func(handle uintptr) {
		err = windows.DuplicateHandle(self, windows.Handle(handle), self, &e.process, 0, false, windows.DUPLICATE_SAME_ACCESS)
	})
	switch {
	case errHandle != nil: // os.Process.Wait has closed the handle
		return nil, fmt.Errorf("%w: %w", os.ErrProcessDone, errHandle)
	case err != nil:
		return nil, os.NewSyscallError("DuplicateHandle", err)
	}
	if e.quit, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		_ = windows.CloseHandle(e.process) // the first error matters more
		return nil, os.NewSyscallError("CreateEvent", err)
	}
	return e, nil
}

// Await blocks a thread until the process has exited or quit is closed. It returns the status if
// the process has exited, and closes the handles.
func (e *Exit) Await(quit <-chan struct{}) (status int, known bool) {
	defer e.Close()
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-quit:
			_ = windows.SetEvent(e.quit) // it is open
		case <-ended:
		}
	}()
	first, err := windows.WaitForMultipleObjects([]windows.Handle{e.process, e.quit}, false, windows.INFINITE)
	close(ended)
	<-done
	var code uint32
	if err == nil && first == windows.WAIT_OBJECT_0 {
		err = windows.GetExitCodeProcess(e.process, &code)
	}
	return int(code), err == nil && first == windows.WAIT_OBJECT_0
}

// Close closes the handles. Call it only instead of Await.
func (e *Exit) Close() {
	_ = errors.Join(windows.CloseHandle(e.process), windows.CloseHandle(e.quit)) // both open
}

// pollIgnoresRdHup returns false, because only old kernels of FreeBSD ignore RdHup.
func pollIgnoresRdHup() bool { return false }
