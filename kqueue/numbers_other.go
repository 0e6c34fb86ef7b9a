//go:build !darwin && !dragonfly && !netbsd && !openbsd

package kqueue

import "iomux/internal/kqueueemu"

// The numbers of FreeBSD's <sys/event.h>, which are those of the emulation too, and of systems that have neither.
const (
	filterRead     = kqueueemu.Read
	filterWrite    = kqueueemu.Write
	filterAIO      = kqueueemu.AIO
	filterVnode    = kqueueemu.Vnode
	filterProc     = kqueueemu.Proc
	filterSignal   = kqueueemu.Signal
	filterTimer    = kqueueemu.Timer
	filterProcDesc = kqueueemu.ProcDesc
	filterFS       = kqueueemu.FS
	filterUser     = kqueueemu.User
	filterEmpty    = kqueueemu.Empty
	filterNetdev   = absent - 1
	filterExcept   = absent - 2

	noteOOB        = absentNote
	noteOpen       = kqueueemu.NoteOpen
	noteClose      = kqueueemu.NoteClose
	noteCloseWrite = kqueueemu.NoteCloseWrite
	noteRead       = kqueueemu.NoteRead
	noteExitStatus = 0 // NoteExit tells it
	notePCtrlMask  = 0xf0000000
	noteSeconds    = kqueueemu.NoteSeconds
	noteMSeconds   = kqueueemu.NoteMSeconds
	noteUSeconds   = kqueueemu.NoteUSeconds
	noteNSeconds   = kqueueemu.NoteNSeconds
	noteAbsTime    = kqueueemu.NoteAbsTime
)
