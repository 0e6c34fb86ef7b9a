//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd

package kqueue

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"iomux/internal/kevent"
)

// Native reports whether the kernel of this system has kqueue.
const Native = false

var errUnsupported = unsupported(runtime.GOOS)

func unsupported(goos string) error {
	err := fmt.Errorf("kqueue: %w on %s", errors.ErrUnsupported, goos)
	if goos == "js" || goos == "wasip1" { // no package can wait there
		return err
	}
	return fmt.Errorf("%w: use iomux.Poller or package epoll", err)
}

// state is empty, because every Queue is closed.
type state struct{}

func create() (*Queue, error) { return nil, errUnsupported }

func adopt(int) (*Queue, error) { return nil, errUnsupported }

func wake(*shared, int) {}

func control(*Queue, int, []kevent.Event, []kevent.Event, time.Duration) (int, error) {
	return 0, errClosed
}
