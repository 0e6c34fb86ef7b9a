package sys

import (
	"fmt"
	"os"
)

// Error is the failure of one system call on one descriptor, with what the caller can do about it.
type Error struct {
	Call   string // as the man page names it
	FD     int
	Err    error
	Advice string // empty where there is none to give
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: descriptor %d: %v", e.Call, e.FD, e.Err)
	if e.Advice != "" {
		text += " (" + e.Advice + ")"
	}
	return text
}

// Unwrap makes errors.As find an os.SyscallError, and errors.Is the errno.
func (e *Error) Unwrap() error { return &os.SyscallError{Syscall: e.Call, Err: e.Err} }
