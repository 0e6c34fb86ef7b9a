// Package iomux waits on many descriptors at once: sockets, pipes, terminals, serial lines, timers, processes, files.
//
// Each mechanism of a kernel is a package of its own: selectfd, poll and epoll. This package tells which of them the system
// has, and their limits:
//
//	for _, m := range iomux.Mechanisms() {
//		fmt.Println(m, m.Native(), m.Limits().Resolution)
//	}
//
// Who waits for a net.Conn, an os.File that is a pipe, or an exec.Cmd alone should use a goroutine instead, as Go programs
// do: this module is for descriptors that the standard library does not own, for programs that hold more connections than
// they want to hold goroutines, and for those that want a mechanism as it is.
package iomux

import "os"

// Error is the error of a system call, as select.error of Python's module is an alias of OSError. Every error of a
// mechanism that comes from a system call can be unwrapped to a *Error with errors.As; those of descriptor.TryRead and
// TryWrite are bare errnos.
//
// Deprecated: use os.SyscallError, which it is.
type Error = os.SyscallError
