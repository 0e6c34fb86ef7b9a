// Package iomux waits for many sources at once: sockets, pipes, terminals, serial lines, timers,
// signals, processes and changes of files. It is for descriptors that the standard library does not
// own, for programs with too many connections for a goroutine each, and for programs that need a
// certain mechanism, such as epoll.
//
// To wait for a single net.Conn, a pipe of package os or an exec.Cmd, use a goroutine instead. To
// watch a whole tree of files, use github.com/fsnotify/fsnotify.
//
// A [Poller] uses the best mechanism of the system. Waits can be woken, cancelled and closed at any
// time. With epoll on Linux, a waiting goroutine is parked in the Go scheduler and does not block a
// thread.
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
// # Timers, signals, processes and paths
//
// The same Wait also reports sources that have no descriptor:
//
//   - [Poller.RegisterTimer] and [Poller.RegisterTicker] add timers. Each uses less than 200 bytes,
//     so a server can keep an idle timeout for each of 100,000 connections.
//   - [Poller.RegisterSignal] reports a signal, and [Poller.RegisterProcess] the exit of a process.
//   - [Poller.RegisterPath] reports changes of the file or directory that a path names.
//
// The descriptor of a regular file is always ready. To learn when the file grows, use RegisterPath.
//
// # Mechanisms
//
// Each of these mechanisms is also a package of its own: selectfd, poll, epoll, kqueue and devpoll.
// [Mechanisms] returns the mechanisms that a Poller can use on this system. [Mechanism.Limits]
// returns their limits.
//
// The file docs/porting.md lists pages that show code before and after a move from
// golang.org/x/sys/unix, gnet, netpoll, libevent or Python's selectors to this module.
//
// # Errors
//
// Errors match the values that each method lists with errors.Is. An error of a system call is an
// *os.SyscallError, which errors.As finds. Use of a closed Poller is os.ErrClosed. A condition,
// mode or source that the mechanism does not support is errors.ErrUnsupported. The methods of a nil
// *Poller or *Registration panic.
package iomux

import "os"

// Error is an alias of os.SyscallError, as Python's select.error is an alias of OSError. errors.As
// finds it in every error that comes from a system call of a mechanism. TryRead and TryWrite of
// package descriptor return bare errnos instead.
//
// Deprecated: use os.SyscallError.
type Error = os.SyscallError
