package kqueue

// The numbers of <sys/event.h> that are NetBSD's own.
const (
	filterRead     = 0
	filterWrite    = 1
	filterAIO      = 2
	filterVnode    = 3
	filterProc     = 4
	filterSignal   = 5
	filterTimer    = 6
	filterFS       = 7
	filterUser     = 8
	filterEmpty    = 9
	filterNetdev   = absent - 1
	filterExcept   = absent - 2
	filterProcDesc = absent - 3

	noteOOB        = absentNote
	noteOpen       = 0x80
	noteClose      = 0x100
	noteCloseWrite = 0x200
	noteRead       = 0x400
	noteExitStatus = 0 // NoteExit tells it
	notePCtrlMask  = 0xf0000000
	noteSeconds    = 0x1
	noteMSeconds   = 0
	noteUSeconds   = 0x2
	noteNSeconds   = 0x3
	noteAbsTime    = 0x10
)
