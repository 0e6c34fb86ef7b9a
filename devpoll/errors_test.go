//go:build unix

package devpoll_test

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/devpoll"
)

func TestErrors(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		for _, fd := range []int{-1, math.MinInt, math.MaxInt &^ 0xff, math.MaxInt &^ math.MaxInt32} {
			if fd == 0 || fd > 0 && fd <= math.MaxInt32 {
				continue // on 32-bit machines
			}
			for _, err := range []error{poller.Register(fd, 0), poller.Modify(fd, 0), poller.Unregister(fd)} {
				isErr(t, err, unix.EBADF)
			}
		}
		for _, bit := range []devpoll.Events{0x0800, 0x0800 | devpoll.In} { // POLLREMOVE
			err := poller.Register(0, bit)
			isErr(t, err, unix.EINVAL)
			if err != nil && !strings.Contains(err.Error(), "0x800") {
				t.Errorf("%q does not name the mistake", err)
			}
		}
		isErr(t, poller.Register(poller.FD(), devpoll.In), unix.EBADF)
		_, err := poller.Poll(nil, soon)
		isErr(t, err, unix.EINVAL)
		if n := poller.Len(); n != 0 {
			t.Errorf("Len is %d, want 0", n)
		}
	})
	_, err := devpoll.New(7)
	isErr(t, err, unix.EINVAL)
}

func TestAbsentEventsAreRefused(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		for _, event := range []devpoll.Events{devpoll.Msg, devpoll.RdHup} {
			if err := poller.Register(0, event); err != nil {
				isErr(t, err, errors.ErrUnsupported)
				isErr(t, poller.Modify(0, event), errors.ErrUnsupported)
			}
		}
	})
}

func TestDescriptor(t *testing.T) {
	onEach(t, func(t *testing.T, poller *devpoll.Poller) {
		fd := poller.FD()
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("flags of descriptor %d are %d, %v, want close-on-exec", fd, flags, err)
		}
		must(t, poller.Register(0, 0))
		must(t, poller.Close())
		isErr(t, poller.Close(), os.ErrClosed)
		if poller.FD() != -1 || poller.Len() != 0 {
			t.Errorf("FD is %d and Len %d after Close", poller.FD(), poller.Len())
		}
	})
}

func TestZeroPoller(t *testing.T) {
	var poller devpoll.Poller
	_, err := poller.Poll(make([]devpoll.Event, 1), -1)
	for _, err := range []error{err, poller.Register(-1, 0), poller.Modify(0, 0), poller.Unregister(0), poller.Close()} {
		isErr(t, err, os.ErrClosed)
	}
	if poller.FD() != -1 || poller.Len() != 0 {
		t.Errorf("FD is %d and Len %d", poller.FD(), poller.Len())
	}
}

func TestPollWithoutRoomAfterCloseIsErrClosed(t *testing.T) {
	for _, options := range [][]devpoll.Option{nil, {devpoll.Emulated}} {
		poller, err := devpoll.New(options...)
		isErr(t, err, nil)
		isErr(t, poller.Close(), nil)
		_, err = poller.Poll(nil, soon)
		isErr(t, err, os.ErrClosed)
	}
}
