//go:build unix

package netpark

import (
	"os"
	"syscall"
	"time"

	"iomux/internal/lazy"
)

var started lazy.Value[struct{}]

// Start starts the Go runtime's netpoller. The runtime starts it no later than its first timer, and
// ends the program if no descriptor is left then. Start returns the error instead.
func Start() error {
	_, err := started.Get(func() (struct{}, error) {
		err := checkRoom()
		if err == nil {
			// A timer with a channel would not start it before a goroutine waits for
			// the timer.
			time.AfterFunc(time.Hour, func() {}).Stop()
		}
		return struct{}{}, err
	})
	return err
}

// checkRoom returns an error if the netpoller's descriptors cannot be opened. It uses two on Linux
// and up to three on other systems.
func checkRoom() error {
	syscall.ForkLock.RLock() // no child inherits the pipes
	defer syscall.ForkLock.RUnlock()
	return tryPipes(2)
}

// tryPipes opens n pipes at the same time, and closes them.
func tryPipes(n int) error {
	if n == 0 {
		return nil
	}
	var pipe [2]int
	if err := syscall.Pipe(pipe[:]); err != nil {
		return os.NewSyscallError("pipe", err)
	}
	defer func() { _, _ = syscall.Close(pipe[0]), syscall.Close(pipe[1]) }()
	return tryPipes(n - 1)
}
