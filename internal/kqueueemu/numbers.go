// Package kqueueemu is kqueue in user space, for Linux: over epoll for descriptors, timerfd for timers, pidfd for processes,
// inotify for files and os/signal for signals. Package kqueue gives it its interface.
//
// A queue is an epoll, whose descriptor is the queue's. What Linux has no descriptor for waits in a list of the queue's
// own, and an eventfd in the epoll, the bell, is readable as long as that list is not empty. So poll(2) and other epolls
// see a queue as they would see a kernel's.
//
// Every descriptor is registered edge-triggered, and what is to be reported all the time that it lasts is armed anew with
// each report. That costs a system call, and is what makes a descriptor harmless that was closed while a duplicate of it
// lives on, which epoll goes on reporting and no one can remove: arming fails, and nothing is reported.
package kqueueemu

// The numbers of FreeBSD's <sys/event.h>.
const (
	Read     = -1
	Write    = -2
	AIO      = -3
	Vnode    = -4
	Proc     = -5
	Signal   = -6
	Timer    = -7
	ProcDesc = -8
	FS       = -9
	User     = -11
	Empty    = -13

	NoteOpen       = 0x80
	NoteClose      = 0x100
	NoteCloseWrite = 0x200
	NoteRead       = 0x400
	NoteSeconds    = 0x1
	NoteMSeconds   = 0x2
	NoteUSeconds   = 0x4
	NoteNSeconds   = 0x8
	NoteAbsTime    = 0x10
)

// LeaveError leaves a socket's error to whoever uses the socket next, for the kernel tells it once. It goes among the notes of
// Read and Write, and the event has it instead of the errno. No kernel has such a note: it is for those in this module that wait in
// the name of others, who do not look at events.
const LeaveError = 0x00400000
