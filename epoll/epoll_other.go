//go:build !linux && !windows

package epoll

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// Native tells whether the kernel of this system has epoll.
const Native = false

const (
	add = iota
	modify
	remove
)

var errUnsupported = fmt.Errorf("epoll: %w on %s: use package poll or selectfd", errors.ErrUnsupported, runtime.GOOS)

// poller is always a closed one, as no other can be made.
type poller struct{ descriptor nothing }

type nothing struct{}

func (nothing) FD() int { return -1 }

func create([]Flag) (*Poller, error) { return nil, errUnsupported }

func adopt(int) (*Poller, error) { return nil, errUnsupported }

func (p *poller) control(op, fd int, events Events, tag uint32) error { return errClosed }

func (p *poller) wait([]Event, time.Duration) (int, error) { return 0, errClosed }

func (p *poller) close() error { return errClosed }
