//go:build unix

package procwatch

import (
	"errors"
	"os"
	"syscall"
	"time"
)

const (
	shortest = time.Millisecond // the first time between two calls of checkExit
	longest  = 100 * time.Millisecond
)

// PollUntilExit returns an Exit whose goroutine calls checkExit until the process has exited. The
// time between two calls increases from shortest to longest.
func PollUntilExit(notify func(), checkExit func() (code int, known, exited bool)) *Exit {
	b := &background{stop: make(chan struct{})}
	go func() {
		pause := time.NewTimer(0)
		defer pause.Stop()
		for interval := shortest; ; interval = min(interval*5/4, longest) {
			select {
			case <-pause.C:
			case <-b.stop:
				return
			}
			var exited bool
			if b.code, b.known, exited = checkExit(); exited {
				notify()
				return
			}
			pause.Reset(interval)
		}
	}()
	return newExit(b)
}

// isAlive reports whether a process exists, which includes a zombie. If process was already waited
// for, the error is os.ErrProcessDone.
func isAlive(process *os.Process) (bool, error) {
	err := process.Signal(syscall.Signal(0))
	if err == nil || errors.Is(err, os.ErrPermission) {
		return true, nil
	}
	return false, err
}
