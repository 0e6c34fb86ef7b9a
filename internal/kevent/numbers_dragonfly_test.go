package kevent

import "golang.org/x/sys/unix"

var _ = [...][1]struct{}{
	{FilterUser - unix.EVFILT_USER: {}},
	{FilterExcept - unix.EVFILT_EXCEPT: {}},
	{FilterFS - unix.EVFILT_FS: {}},
	{NoteOOB ^ unix.NOTE_OOB: {}},
}
