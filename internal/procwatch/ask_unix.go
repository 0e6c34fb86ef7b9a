//go:build unix

package procwatch

import (
	"errors"
	"os"
	"syscall"
	"time"
)

const (
	shortest = time.Millisecond // the first time between two calls of question
	longest  = 100 * time.Millisecond
)

// Ask returns an Exit whose goroutine calls question until the process has exited. The time between
// two calls increases from shortest to longest.
func Ask(notify func(), question func() (code int, known, exited bool)) *Exit {
	a := &asked{stop: make(chan struct{})}
	go func() {
		pause := time.NewTimer(0)
		defer pause.Stop()
		for interval := shortest; ; interval = min(interval*5/4, longest) {
			select {
			case <-pause.C:
			case <-a.stop:
				return
			}
			var exited bool
			if a.code, a.known, exited = question(); exited {
				notify()
				return
			}
			pause.Reset(interval)
		}
	}()
	return newExit(a)
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
