//go:build !unix && !windows

package epoll

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Native reports whether the kernel of this system has epoll.
const Native = false

var errUnsupported = fmt.Errorf("epoll: %w on %s", errors.ErrUnsupported, runtime.GOOS)

// state is empty, because every Poller is closed.
type state struct{}

func create() (*Poller, error) { return nil, errUnsupported }

func adopt(int) (*Poller, error) { return nil, errUnsupported }

func number(*Poller) int { return -1 }

func control(*Poller, operation, int, Events, uint64) error { return errClosed }

func wait(*Poller, []Event, time.Duration) (int, error) { return 0, errClosed }

func end(*Poller) error { return errClosed }
