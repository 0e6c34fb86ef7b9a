package kqueue

// The numbers of <sys/event.h> that are OpenBSD's own.
const (
	filterRead     = -1
	filterWrite    = -2
	filterAIO      = -3
	filterVnode    = -4
	filterProc     = -5
	filterSignal   = -6
	filterTimer    = -7
	filterExcept   = -9
	filterUser     = -10
	filterNetdev   = absent - 1
	filterFS       = absent - 2
	filterEmpty    = absent - 3
	filterProcDesc = absent - 4

	noteOOB        = 0x4
	noteOpen       = absentNote
	noteClose      = absentNote
	noteCloseWrite = absentNote
	noteRead       = absentNote
	noteExitStatus = 0 // NoteExit tells it
	notePCtrlMask  = 0xf0000000
	noteSeconds    = 0x1
	noteMSeconds   = 0
	noteUSeconds   = 0x2
	noteNSeconds   = 0x3
	noteAbsTime    = 0x10
)
