package sys

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// Exit waits for the end of a process.
type Exit struct{ process, quit windows.Handle }

// NewExit returns an Exit with a duplicate of the handle of process.
func NewExit(process *os.Process) (e *Exit, err error) {
	e = new(Exit)
	self := windows.CurrentProcess()
	errHandle := process.WithHandle(func(handle uintptr) {
		err = windows.DuplicateHandle(self, windows.Handle(handle), self, &e.process, 0, false, windows.DUPLICATE_SAME_ACCESS)
	})
	switch {
	case errHandle != nil: // os.Process.Wait has closed the handle
		return nil, fmt.Errorf("%w: %w", os.ErrProcessDone, errHandle)
	case err != nil:
		return nil, os.NewSyscallError("DuplicateHandle", err)
	}
	if e.quit, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		_ = windows.CloseHandle(e.process) // the first error is the useful one
		return nil, os.NewSyscallError("CreateEvent", err)
	}
	return e, nil
}

// Await blocks a thread until the process has exited or quit is closed. It returns the status if
// the process has exited. Then it closes the handles.
func (e *Exit) Await(quit <-chan struct{}) (status int, known bool) {
	defer e.Close()
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-quit:
			_ = windows.SetEvent(e.quit) // it is open
		case <-ended:
		}
	}()
	first, err := windows.WaitForMultipleObjects([]windows.Handle{e.process, e.quit}, false, windows.INFINITE)
	close(ended)
	<-done
	var code uint32
	if err == nil && first == windows.WAIT_OBJECT_0 {
		err = windows.GetExitCodeProcess(e.process, &code)
	}
	return int(code), err == nil && first == windows.WAIT_OBJECT_0
}

// Close closes the handles. Call it only if Await is not called.
func (e *Exit) Close() {
	_ = errors.Join(windows.CloseHandle(e.process), windows.CloseHandle(e.quit)) // they are open
}

// MaxWatches returns 0, because Windows has no epoll.
func MaxWatches() uint64 { return 0 }

// EpollResolution returns 0, because Windows has no epoll.
func EpollResolution() time.Duration { return 0 }
