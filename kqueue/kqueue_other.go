//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd

package kqueue

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Native tells whether the kernel of this system has kqueue.
const Native = false

var errUnsupported = fmt.Errorf("kqueue: %w on %s: use package poll or selectfd", errors.ErrUnsupported, runtime.GOOS)

// queue is always a closed one, as no other can be made.
type queue struct{ descriptor nothing }

type nothing struct{}

func (nothing) FD() int { return -1 }

func create() (*Queue, error) { return nil, errUnsupported }

func adopt(int) (*Queue, error) { return nil, errUnsupported }

func (q *queue) control([]Event, []Event, time.Duration) (int, error) { return 0, errClosed }

func (q *queue) close() error { return errClosed }
