package sys

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// Exit is the end of a process, which a goroutine can await on a thread of its own.
type Exit struct{ process, quit windows.Handle }

// NewExit is DuplicateHandle of the handle of a process.
func NewExit(process *os.Process) (e *Exit, err error) {
	e = new(Exit)
	self := windows.CurrentProcess()
	errHandle := process.WithHandle(func(handle uintptr) {
		err = windows.DuplicateHandle(self, windows.Handle(handle), self, &e.process, 0, false, windows.DUPLICATE_SAME_ACCESS)
	})
	switch {
	case errHandle != nil: // os.Process.Wait gives the handle back
		return nil, fmt.Errorf("%w: %w", os.ErrProcessDone, errHandle)
	case err != nil:
		return nil, os.NewSyscallError("DuplicateHandle", err)
	}
	if e.quit, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		_ = windows.CloseHandle(e.process) // the first error tells more
		return nil, os.NewSyscallError("CreateEvent", err)
	}
	return e, nil
}

// Await waits until the process has exited or quit is closed, and tells the status, which is known if the process has exited. Then
// it gives the handles back.
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

// Close gives the handles back, where nobody is to await it.
func (e *Exit) Close() {
	_ = errors.Join(windows.CloseHandle(e.process), windows.CloseHandle(e.quit)) // they are open
}
