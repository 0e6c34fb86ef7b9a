package kevent

import "golang.org/x/sys/unix"

var _ = [...][1]struct{}{
	{FilterUser - unix.EVFILT_USER: {}},
	{FilterFS - unix.EVFILT_FS: {}},
	{FilterEmpty - unix.EVFILT_EMPTY: {}},
	{FilterProcDesc - unix.EVFILT_PROCDESC: {}},
	{NoteOpen ^ unix.NOTE_OPEN: {}},
	{NoteClose ^ unix.NOTE_CLOSE: {}},
	{NoteCloseWrite ^ unix.NOTE_CLOSE_WRITE: {}},
	{NoteRead ^ unix.NOTE_READ: {}},
	{NoteSeconds ^ unix.NOTE_SECONDS: {}},
	{NoteMSeconds ^ unix.NOTE_MSECONDS: {}},
	{NoteUSeconds ^ unix.NOTE_USECONDS: {}},
	{NoteNSeconds ^ unix.NOTE_NSECONDS: {}},
	{NoteAbsTime ^ unix.NOTE_ABSTIME: {}},
}
