//go:build !linux && !windows

package sys

import (
	"errors"
	"os"
	"time"
)

// MaxWatches returns 0, because this system has no epoll.
func MaxWatches() uint64 { return 0 }

// EpollResolution returns 0, because this system has no epoll.
func EpollResolution() time.Duration { return 0 }

// NewTimer fails, because timers of this system are not descriptors.
func NewTimer(time.Duration) (int, error) { return -1, errors.ErrUnsupported }

// Expirations returns 0.
func Expirations(int) int { return 0 }

// NewProcess fails, because processes of this system are not descriptors.
func NewProcess(*os.Process) (int, error) { return -1, errors.ErrUnsupported }

// ExitStatus returns false.
func ExitStatus(int) (status int, known bool) { return 0, false }

// CloseFD does nothing.
func CloseFD(int) {}

// Exit waits for the end of a process on Windows.
type Exit struct{}

// NewExit fails, because only Windows has handles of processes.
func NewExit(*os.Process) (*Exit, error) { return nil, errors.ErrUnsupported }

// Await returns false.
func (*Exit) Await(<-chan struct{}) (status int, known bool) { return 0, false }

// Close does nothing.
func (*Exit) Close() {}
