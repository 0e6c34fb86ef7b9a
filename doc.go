// Package iomux waits on many descriptors at once: sockets, pipes, terminals, serial lines, timers, signals, processes, files.
//
// A Poller is the portable way: it uses the best mechanism of the system, can be woken, cancelled and closed at any time, and
// on Linux, by epoll, parks the goroutine that waits instead of blocking a thread.
//
//	p, err := iomux.New[net.Conn]()
//	if err != nil {
//		return err
//	}
//	defer p.Close()
//	if _, err := p.Register(conn, iomux.Readable, conn); err != nil {
//		return err
//	}
//	events := make([]iomux.Event[net.Conn], 64)
//	for {
//		n, err := p.Wait(ctx, events)
//		if err != nil {
//			return err
//		}
//		for _, event := range events[:n] {
//			handle(event.Key, event.Ready)
//		}
//	}
//
// Each mechanism of a kernel is also a package of its own, as it is: selectfd, poll, epoll, kqueue and devpoll. Mechanisms and
// Mechanism.Limits tell which of them a Poller can use on this system, and what they can do at most.
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
