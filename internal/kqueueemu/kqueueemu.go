// Package kqueueemu emulates kqueue on Linux for package kqueue: descriptors with epoll, timers
// with timerfd, processes with pidfd, files with inotify and signals with os/signal.
//
// A queue is an epoll whose descriptor is the queue's. Registrations whose events do not come from
// a descriptor wait in the list of pending registrations. A wake-up eventfd in the epoll is
// readable while the list is not empty, so poll(2) and other epolls see the queue as they would see
// a kernel's.
//
// Every descriptor is registered edge-triggered, and armed again after each report of a lasting
// condition. That costs a system call, but it detects closed descriptors. If a duplicate stays
// open, the epoll keeps reporting a closed descriptor, and nothing can remove it. Arming it then
// fails, and nothing is reported.
package kqueueemu

// LeaveError is a note of FilterRead and FilterWrite that leaves the error of a socket in the
// socket. The event then has this note instead of the errno. The kernel reports the error only
// once, so packages of this module that wait for other programs need the note. No kernel has it.
const LeaveError = 0x00400000
