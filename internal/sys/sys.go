// Package sys makes system calls and declares kernel structures that several mechanisms use.
//
// Each function makes its call once, without retries. Its timeouts come from package timeout. It
// returns bare errnos, which need no allocation.
//
// A file holds one family of calls, for the systems in its name or build line. A file whose name
// begins with sys holds the rest of one system: its constants, and calls that only this system has.
// Each events file holds the numbers of poll(2) on some systems.
package sys

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"
)

// IsLinux reports whether the kernel is Linux. Android has it too, under a GOOS of its own.
const IsLinux = runtime.GOOS == "linux" || runtime.GOOS == "android"

// Error is the failure of one system call on one descriptor, with advice for the caller.
type Error struct {
	call   os.SyscallError
	fd     int
	Advice string // may be empty
}

// NewError returns the error of a call, whose name is that in the man page.
func NewError(call string, fd int, err error, advice string) *Error {
	return &Error{os.SyscallError{Syscall: call, Err: err}, fd, advice}
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s: descriptor %d: %v", e.call.Syscall, e.fd, e.call.Err)
	if e.Advice != "" {
		text += " (" + e.Advice + ")"
	}
	return text
}

// Unwrap lets errors.As find an os.SyscallError, and errors.Is the errno. It does not allocate.
func (e *Error) Unwrap() error { return &e.call }

// WithAdvice adds advice to an error, unless it is empty.
func WithAdvice(err error, advice string) error {
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, advice)
}

// EpollWatches is the advice for ENOSPC of epoll_ctl(2).
const EpollWatches = "raise the sysctl fs.epoll.max_user_watches"

// CauseError is an error with a cause. Unlike a call of fmt.Errorf, a package variable of this type
// takes no time when a program starts.
type CauseError struct {
	Text  string
	Cause error
}

// Error returns the text and the cause.
func (e *CauseError) Error() string { return e.Text + ": " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *CauseError) Unwrap() error { return e.Cause }

// EpollData returns the 64 bits of epoll_data whose halves in memory are fd and tag, as in an
// epoll.Event.
func EpollData(fd int32, tag uint32) uint64 {
	return *(*uint64)(unsafe.Pointer(&[2]uint32{uint32(fd), tag}))
}
