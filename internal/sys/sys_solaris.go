package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	to "iomux/internal/timeout"
)

// Constants of Solaris and illumos.
const (
	PipeBuf     = 5120 // PIPE_BUF
	MsgDontWait = unix.MSG_DONTWAIT
)

// DevPollOpen opens /dev/poll. The descriptor is close-on-exec.
func DevPollOpen() (int, error) { return unix.Open("/dev/poll", unix.O_RDWR|unix.O_CLOEXEC, 0) }

// DevPollWrite writes list to /dev/poll, which accepts all of it or nothing. It uses pwrite(2),
// because the file offset of some versions of Solaris grows until write(2) fails.
func DevPollWrite(fd int, list []PollFD) syscall.Errno {
	if len(list) == 0 {
		return 0
	}
	size := len(list) * int(unsafe.Sizeof(PollFD{}))
	_, err := unix.Pwrite(fd, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), size), 0)
	return Errno(err)
}

// dvpoll is struct dvpoll. DP_POLL ignores setp, a field of illumos only.
type dvpoll struct {
	fds     *PollFD
	nfds    uint // nfds_t, an unsigned long
	timeout int32
	setp    *byte
}

const (
	sysIoctl = 54     // SYS_ioctl
	dpPoll   = 0xD001 // DP_POLL
)

// DevPollWait wraps ioctl(2) with DP_POLL. A negative timeout blocks. DP_PPOLL of illumos also has
// a resolution of milliseconds.
func DevPollWait(fd int, list []PollFD, timeout time.Duration) (int, syscall.Errno) {
	request := dvpoll{fds: unsafe.SliceData(list), nfds: uint(len(list)), timeout: int32(to.Milliseconds(timeout))}
	n, _, errno := syscall.Syscall(sysIoctl, uintptr(fd), dpPoll, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
