package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	to "iomux/internal/timeout"
)

// DevPollOpen is open(2) of /dev/poll.
func DevPollOpen() (int, error) { return unix.Open("/dev/poll", unix.O_RDWR|unix.O_CLOEXEC, 0) }

// DevPollWrite is write(2) to /dev/poll, which takes all of the list or nothing. It goes by pwrite(2), since Solaris had an
// offset that grew until it refused to.
func DevPollWrite(fd int, list []PollFD) syscall.Errno {
	if len(list) == 0 {
		return 0
	}
	size := len(list) * int(unsafe.Sizeof(PollFD{}))
	_, err := unix.Pwrite(fd, unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), size), 0)
	return Errno(err)
}

// dvpoll is struct dvpoll. The driver copies it up to setp for DP_POLL; Solaris has no such field.
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

// DevPollWait is ioctl(2) with DP_POLL. A negative timeout blocks. illumos' DP_PPOLL takes milliseconds, too.
func DevPollWait(fd int, list []PollFD, timeout time.Duration) (int, syscall.Errno) {
	request := dvpoll{fds: unsafe.SliceData(list), nfds: uint(len(list)), timeout: int32(to.Milliseconds(timeout))}
	n, _, errno := syscall.Syscall(sysIoctl, uintptr(fd), dpPoll, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// DevPollResolution is the finest timeout that DevPollWait tells apart.
const DevPollResolution = time.Millisecond
