package devpoll

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/devpolldriver"
	"iomux/internal/devpollemu"
	"iomux/internal/sys"
)

// Native reports whether the kernel of this system has /dev/poll.
const Native = true

func create(emulated bool) (*Poller, error) {
	if emulated {
		return emulate(devpollemu.Few)
	}
	return drive(driver{})
}

// driver is /dev/poll.
type driver struct{}

var _ devpolldriver.Driver = driver{}

func (driver) Open() (int, error) {
	fd, err := sys.DevPollOpen()
	return fd, os.NewSyscallError("open", err)
}

func (driver) Write(fd int, list []sys.PollFD) syscall.Errno { return sys.DevPollWrite(fd, list) }

func (driver) Poll(fd int, list []sys.PollFD, timeout time.Duration) (int, syscall.Errno) {
	return sys.DevPollWait(fd, list, timeout)
}

func (driver) Close(fd int) error { return os.NewSyscallError("close", unix.Close(fd)) }
