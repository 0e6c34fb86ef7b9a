//go:build !windows

package afd

import (
	"errors"
	"os"
	"time"
)

// Available reports whether this system has the driver.
const Available = false

// Check returns nil, because this system can wait on all descriptors.
func Check(int) error { return nil }

// Poller is always closed on this system.
type Poller struct{}

// Open returns errors.ErrUnsupported.
func (*Poller) Open() error { return errors.ErrUnsupported }

// FD returns -1.
func (*Poller) FD() int { return -1 }

// Register returns os.ErrClosed.
func (*Poller) Register(socket int, events Events, tag uint64) error { return os.ErrClosed }

// Modify returns os.ErrClosed.
func (*Poller) Modify(socket int, events Events, tag uint64) error { return os.ErrClosed }

// Unregister returns os.ErrClosed.
func (*Poller) Unregister(socket int) error { return os.ErrClosed }

// Wait returns os.ErrClosed.
func (*Poller) Wait(room int, d time.Duration, take func(Ready)) (int, error) {
	return 0, os.ErrClosed
}

// Wake does nothing.
func (*Poller) Wake() {}

// Close returns os.ErrClosed.
func (*Poller) Close() error { return os.ErrClosed }
