// Package iomux waits for many sources at once: sockets, pipes, terminals, serial lines, timers,
// signals, processes, and changes of files.
//
// [Poller] is the portable way. It uses the best mechanism of the system, and can be woken,
// cancelled and closed at any time. With epoll on Linux, a waiting goroutine is parked in the Go
// scheduler and does not block a thread.
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
// A Poller also waits for what has no descriptor of its own, in the same call:
//
//   - [Poller.RegisterTimer] and [Poller.RegisterTicker] add timers. Each takes less than 200
//     bytes, so every one of 100,000 connections can have an idle timeout.
//   - [Poller.RegisterSignal] reports signals, and [Poller.RegisterProcess] the exit of a process.
//   - [Poller.RegisterPath] reports changes of the file or folder that a name leads to.
//
// An open regular file is always ready, as select and poll say, so registering one does not show
// when it grows. Use RegisterPath for that. Use github.com/fsnotify/fsnotify for whole trees, and
// for the names of the entries that change.
//
// Each mechanism is also a package of its own: selectfd, poll, epoll, kqueue and devpoll.
// [Mechanisms] returns those that a Poller can use on this system, and [Mechanism.Limits] their
// limits.
//
// To wait for a single net.Conn, a pipe of package os or an exec.Cmd, use a goroutine instead. This
// module is for descriptors that the standard library does not own, for programs with more
// connections than goroutines, and for programs that need a certain mechanism.
package iomux

import "os"

// Error is the error of a system call, as select.error of Python is an alias of OSError. errors.As
// finds it in every error of a mechanism that comes from a system call. TryRead and TryWrite of
// package descriptor return bare errnos.
//
// Deprecated: use os.SyscallError, which it is.
type Error = os.SyscallError
