package kevent

import "golang.org/x/sys/unix"

var _ = [...][1]struct{}{
	{FilterUser - unix.EVFILT_USER: {}},
	{FilterExcept - unix.EVFILT_EXCEPT: {}},
	{FilterFS - unix.EVFILT_FS: {}},
	{NoteOOB ^ unix.NOTE_OOB: {}},
	{NoteExitStatus ^ unix.NOTE_EXITSTATUS: {}},
	{NoteSeconds ^ unix.NOTE_SECONDS: {}},
	{NoteUSeconds ^ unix.NOTE_USECONDS: {}},
	{NoteNSeconds ^ unix.NOTE_NSECONDS: {}},
	{NoteAbsTime ^ unix.NOTE_ABSOLUTE: {}},
}
