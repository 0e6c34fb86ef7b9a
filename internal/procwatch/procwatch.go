// Package procwatch reports the exit of a process, which may be a child or any other process. It
// does not reap a child. Its parent should still call wait(2).
package procwatch

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"syscall"
)

// Exit waits for the exit of one process.
type Exit struct {
	source
	cleanup runtime.Cleanup
}

// source is the descriptor or the goroutine of an Exit.
type source interface {
	fd() int
	// status returns how the process has exited. It is called after fd has become readable or
	// notify was called.
	status() (status int, known bool)
	close() error
}

// Watch returns an Exit of a process. If it has no descriptor, another goroutine calls notify once,
// when the process has exited. The call may come before Watch returns.
//
// Errors: EINVAL for nil and for a released process; os.ErrProcessDone if the process was already
// waited for or does not exist, and for a released process on Windows; EMFILE;
// errors.ErrUnsupported on systems that cannot report an exit without reaping the process.
func Watch(process *os.Process, notify func()) (*Exit, error) {
	switch {
	case process == nil:
		return nil, fmt.Errorf("watch a nil process: %w", syscall.EINVAL)
	case process.Pid <= 0:
		return nil, fmt.Errorf("watch process %d: it was released, or was never started: %w", process.Pid, syscall.EINVAL)
	case uint64(process.Pid) > math.MaxUint32: // the kernel would truncate it
		return nil, fmt.Errorf("watch process %d: %w", process.Pid, os.ErrProcessDone)
	}
	return watch(process, notify)
}

func newExit(s source) *Exit {
	exit := &Exit{source: s}
	exit.cleanup = runtime.AddCleanup(exit, func(s source) { _ = s.close() }, s) // no receiver
	return exit
}

// FD returns the descriptor that becomes readable when the process exits, or -1 if there is none.
func (e *Exit) FD() int { return e.fd() }

// Status returns how the process has exited: its exit status, or the negated number of the signal
// that killed it. known is false if the kernel does not report the status to this process. It may
// report it only to the parent, or only after the parent has reaped the process.
func (e *Exit) Status() (status int, known bool) { return e.status() }

// Close ends the watch. Call it once. The garbage collector does the same if the Exit becomes
// unreachable. So notify must not refer to the Exit.
func (e *Exit) Close() error {
	e.cleanup.Stop()
	return e.close()
}

// background is the source of an Exit without a descriptor. A goroutine waits until the process
// exits or stop is closed.
type background struct {
	stop  chan struct{}
	code  int
	known bool
}

func (*background) fd() int { return -1 }

func (b *background) status() (int, bool) { return b.code, b.known }

func (b *background) close() error {
	close(b.stop)
	return nil
}
