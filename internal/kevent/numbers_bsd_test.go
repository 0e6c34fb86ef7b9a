//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package kevent

import "golang.org/x/sys/unix"

// The compiler refuses an index that is not zero, so these numbers are those of x/sys.
var _ = [...][1]struct{}{
	{FilterRead - unix.EVFILT_READ: {}},
	{FilterWrite - unix.EVFILT_WRITE: {}},
	{FilterAIO - unix.EVFILT_AIO: {}},
	{FilterVnode - unix.EVFILT_VNODE: {}},
	{FilterProc - unix.EVFILT_PROC: {}},
	{FilterSignal - unix.EVFILT_SIGNAL: {}},
	{FilterTimer - unix.EVFILT_TIMER: {}},
	{NoteExit ^ unix.NOTE_EXIT: {}},
	{NotePCtrlMask ^ (unix.NOTE_PCTRLMASK & 0xffffffff): {}},
	{NoteRevoke ^ unix.NOTE_REVOKE: {}},
	{Clear ^ unix.EV_CLEAR: {}},
}
