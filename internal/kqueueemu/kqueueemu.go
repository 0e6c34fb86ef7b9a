// Package kqueueemu emulates kqueue on Linux for package kqueue: descriptors with epoll, timers
// with timerfd, processes with pidfd, files with inotify and signals with os/signal.
//
// A queue is an epoll whose descriptor is the queue's. Events for which Linux has no descriptor
// wait in a list, the pending knotes. A wake-up eventfd in the epoll is readable while the list is
// not empty, so poll(2) and other epolls see the queue as they would see a kernel's.
//
// Every descriptor is registered edge-triggered, and a lasting state is armed again with each
// report. That costs a system call. But if a descriptor was closed while a duplicate stays open,
// the epoll goes on reporting it and nothing can remove it: arming it fails, and nothing is
// reported.
package kqueueemu

// LeaveError in the notes of FilterRead and FilterWrite leaves a socket's error in the socket, and
// the event has the same note in place of the errno. The kernel reports the error only once. No
// kernel has the note: it is for other packages of this module that wait on behalf of others.
const LeaveError = 0x00400000
