// Package procwatch reports the exit of a process, a child or any other. It never reaps a child:
// its parent calls wait(2) for it, before or after.
package procwatch

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// Exit awaits the exit of one process.
type Exit struct {
	source
	stop    chan struct{} // ends the goroutine, if there is one
	cleanup runtime.Cleanup
}

// source is what an Exit waits on: a descriptor, or a goroutine.
type source interface {
	fd() int
	// status returns how the process has exited, once fd is readable or notify was called.
	status() (status int, known bool)
	close() error
}

// Watch returns the Exit of a process. If that has no descriptor, notify is called from another
// goroutine when the process has exited, once, and not necessarily before Watch returns.
//
// Errors: EINVAL for nil; os.ErrProcessDone if the process was waited for, or has gone; EMFILE;
// errors.ErrUnsupported on systems that cannot report an exit without reaping the process.
func Watch(process *os.Process, notify func()) (*Exit, error) {
	if process == nil {
		return nil, fmt.Errorf("watch a nil process: %w", syscall.EINVAL)
	}
	exit, err := watch(process, notify)
	if err != nil {
		return nil, err
	}
	exit.cleanup = runtime.AddCleanup(exit, func(s source) { _ = s.close() }, exit.source) // nobody takes the error
	return exit, nil
}

// FD returns the descriptor that is readable once the process has exited, -1 if there is none.
func (e *Exit) FD() int { return e.fd() }

// Status returns how the process has exited, when it has: its exit status, or the negative number
// of the signal that killed it. It is not known if the kernel does not report it to others than the
// parent, or not before that has reaped the process.
func (e *Exit) Status() (status int, known bool) { return e.status() }

// Close ends the watch. The garbage collector does the same with the descriptor of an Exit that is
// not reachable any more.
func (e *Exit) Close() error {
	e.cleanup.Stop()
	if e.stop != nil {
		close(e.stop)
		e.stop = nil
	}
	return e.close()
}

// asked is a process that is asked for again and again. Its goroutine ends with the process, or
// with Close.
type asked struct {
	code  int
	known bool
}

func (*asked) fd() int { return -1 }

func (a *asked) status() (int, bool) { return a.code, a.known }

func (*asked) close() error { return nil }
