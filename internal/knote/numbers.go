// Package knote is kqueue in user space, for Linux: over epoll for descriptors, timerfd for timers, pidfd for processes,
// inotify for files and os/signal for signals. Package kqueue gives it its interface.
//
// A queue is an epoll, whose descriptor is the queue's. What Linux has no descriptor for waits in a list of the queue's
// own, and an eventfd in the epoll, the bell, is readable as long as that list is not empty. So poll(2) and other epolls
// see a queue as they would see a kernel's.
//
// Every descriptor is registered edge-triggered, and what is to be reported all the time that it lasts is armed anew with
// each report. That costs a system call, and is what makes a descriptor harmless that was closed while a duplicate of it
// lives on, which epoll goes on reporting and no one can remove: arming fails, and nothing is reported.
package knote

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

// Event is struct kevent as package kqueue has it.
type Event struct {
	Ident  uint64
	Filter int16
	Flags  uint16
	Fflags uint32
	Data   int64
	Udata  uint64
}

const (
	evAdd      = 0x1
	evDelete   = 0x2
	evEnable   = 0x4
	evDisable  = 0x8
	evOneShot  = 0x10
	evClear    = 0x20
	evReceipt  = 0x40
	evDispatch = 0x80
	evEOF      = 0x8000

	noteLowat = 0x1

	noteDelete = 0x1
	noteWrite  = 0x2
	noteExtend = 0x4
	noteAttrib = 0x8
	noteLink   = 0x10
	noteRename = 0x20

	noteExit = 0x80000000

	noteFFAnd      = 0x40000000
	noteFFOr       = 0x80000000
	noteFFCopy     = 0xc0000000
	noteFFCtrlMask = 0xc0000000
	noteFFlagsMask = 0x00ffffff
	noteTrigger    = 0x01000000
)
