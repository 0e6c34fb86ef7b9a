//go:build !darwin && !dragonfly && !netbsd && !openbsd

package kqueue

import "iomux/internal/knote"

// The numbers of FreeBSD's <sys/event.h>, which are those of the emulation too, and of systems that have neither.
const (
	filterRead     = knote.Read
	filterWrite    = knote.Write
	filterAIO      = knote.AIO
	filterVnode    = knote.Vnode
	filterProc     = knote.Proc
	filterSignal   = knote.Signal
	filterTimer    = knote.Timer
	filterProcDesc = knote.ProcDesc
	filterFS       = knote.FS
	filterUser     = knote.User
	filterEmpty    = knote.Empty
	filterNetdev   = absent - 1
	filterExcept   = absent - 2

	noteOOB        = absentNote
	noteOpen       = knote.NoteOpen
	noteClose      = knote.NoteClose
	noteCloseWrite = knote.NoteCloseWrite
	noteRead       = knote.NoteRead
	noteExitStatus = 0 // NoteExit tells it
	notePCtrlMask  = 0xf0000000
	noteSeconds    = knote.NoteSeconds
	noteMSeconds   = knote.NoteMSeconds
	noteUSeconds   = knote.NoteUSeconds
	noteNSeconds   = knote.NoteNSeconds
	noteAbsTime    = knote.NoteAbsTime
)
