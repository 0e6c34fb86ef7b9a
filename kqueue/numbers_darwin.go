package kqueue

// The numbers of <sys/event.h> that are macOS's own.
const (
	filterRead     = -1
	filterWrite    = -2
	filterAIO      = -3
	filterVnode    = -4
	filterProc     = -5
	filterSignal   = -6
	filterTimer    = -7
	filterUser     = -10
	filterExcept   = -15
	filterFS       = -9
	filterNetdev   = absent - 1
	filterEmpty    = absent - 2
	filterProcDesc = absent - 3

	noteOOB        = 0x2
	noteOpen       = absentNote
	noteClose      = absentNote
	noteCloseWrite = absentNote
	noteRead       = absentNote
	noteExitStatus = 0x04000000
	notePCtrlMask  = 0xfff00000
	noteSeconds    = 0x1
	noteMSeconds   = 0 // a timer without a unit
	noteUSeconds   = 0x2
	noteNSeconds   = 0x4
	noteAbsTime    = 0x8
)
