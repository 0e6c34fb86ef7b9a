package kqueue

import "iomux/internal/sys"

// forgetsToRestart: a timer that is added again runs on as before (NetBSD 9).
const forgetsToRestart = true

// toKernel writes a change as the kernel reads it. The kernel forgets EvDispatch where there is EvClear too; of descriptors
// that are disabled with the report, EvClear has nothing left to do.
func toKernel(to *sys.KernelEvent, change Event) {
	if change.Flags&EvDispatch != 0 && (change.Filter == FilterRead || change.Filter == FilterWrite) {
		change.Flags &^= EvClear
	}
	*to = sys.KernelEvent{
		Ident: uintptr(change.Ident), Filter: uint32(change.Filter), Flags: uint32(change.Flags),
		Fflags: uint32(change.Fflags), Data: change.Data, Udata: uintptr(change.Udata),
	}
}

// disableLate does for FilterUser what the kernel forgets. Of the other filters it would change the notes that they watch.
func disableLate(fd int, event Event) {
	if event.Filter == FilterUser && event.Flags&(EvClear|EvDispatch|EvOneShot|EvError) == EvClear|EvDispatch {
		event.Flags, event.Fflags = EvDisable, NoteFFNop
		_ = changeOne(fd, event) // it fails if the event is registered no more
	}
}
