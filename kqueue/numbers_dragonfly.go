package kqueue

// The numbers of <sys/event.h> that are DragonFly's own.
const (
	filterRead     = -1
	filterWrite    = -2
	filterAIO      = -3
	filterVnode    = -4
	filterProc     = -5
	filterSignal   = -6
	filterTimer    = -7
	filterExcept   = -8
	filterUser     = -9
	filterFS       = -10
	filterNetdev   = absent - 1
	filterEmpty    = absent - 2
	filterProcDesc = absent - 3

	noteOOB        = 0x2
	noteOpen       = absentNote
	noteClose      = absentNote
	noteCloseWrite = absentNote
	noteRead       = absentNote
	noteExitStatus = 0 // NoteExit tells it
	notePCtrlMask  = 0xf0000000
	noteSeconds    = absentNote
	noteMSeconds   = 0 // a timer has no units
	noteUSeconds   = absentNote
	noteNSeconds   = absentNote
	noteAbsTime    = absentNote
)
