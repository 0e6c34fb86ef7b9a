package kqueue

import "iomux/internal/bitnames"

// Filter is what an event is about, the filter field of struct kevent. Its numbers are the system's own.
type Filter int16

// The filters. Those that a system lacks have a number there that its kernel does not know, and Control refuses them with
// errors.ErrUnsupported; the package comment tells which they are.
const (
	FilterRead     Filter = filterRead     // EVFILT_READ, select.KQ_FILTER_READ: Ident is a descriptor, Data the bytes to be read
	FilterWrite    Filter = filterWrite    // EVFILT_WRITE, select.KQ_FILTER_WRITE: Ident is a descriptor, Data the room for writing
	FilterAIO      Filter = filterAIO      // EVFILT_AIO, select.KQ_FILTER_AIO: Ident is a struct aiocb, which aio_read(2) registers itself
	FilterVnode    Filter = filterVnode    // EVFILT_VNODE, select.KQ_FILTER_VNODE: Ident is a descriptor of a file, Fflags the notes about it
	FilterProc     Filter = filterProc     // EVFILT_PROC, select.KQ_FILTER_PROC: Ident is a process, Fflags the notes about it
	FilterNetdev   Filter = filterNetdev   // EVFILT_NETDEV, select.KQ_FILTER_NETDEV: the state of a link; no current kernel has it
	FilterSignal   Filter = filterSignal   // EVFILT_SIGNAL, select.KQ_FILTER_SIGNAL: Ident is a signal, Data how often it came
	FilterTimer    Filter = filterTimer    // EVFILT_TIMER, select.KQ_FILTER_TIMER: Data is the period, and comes back as how often it passed
	FilterUser     Filter = filterUser     // EVFILT_USER, no Python name: an event that NoteTrigger makes (NetBSD 10, OpenBSD 7.8)
	FilterExcept   Filter = filterExcept   // EVFILT_EXCEPT, no Python name: urgent data (macOS, OpenBSD, DragonFly)
	FilterFS       Filter = filterFS       // EVFILT_FS, no Python name: file systems were mounted or unmounted (not OpenBSD)
	FilterEmpty    Filter = filterEmpty    // EVFILT_EMPTY, no Python name: all that was written has been sent (FreeBSD, NetBSD)
	FilterProcDesc Filter = filterProcDesc // EVFILT_PROCDESC, no Python name: Ident is a process descriptor (FreeBSD)
)

// Flags is the flags field of struct kevent: what a change does, and how an event came. It prints as EvAdd|EvClear|0x100.
type Flags uint16

// The flags, which have the same numbers everywhere.
const (
	EvAdd      Flags = 0x1     // EV_ADD, select.KQ_EV_ADD: register, or modify what is registered, and enable it
	EvDelete   Flags = 0x2     // EV_DELETE, select.KQ_EV_DELETE: unregister
	EvEnable   Flags = 0x4     // EV_ENABLE, select.KQ_EV_ENABLE: report again
	EvDisable  Flags = 0x8     // EV_DISABLE, select.KQ_EV_DISABLE: keep registered and do not report
	EvOneShot  Flags = 0x10    // EV_ONESHOT, select.KQ_EV_ONESHOT: unregister after one report
	EvClear    Flags = 0x20    // EV_CLEAR, select.KQ_EV_CLEAR: report once what happened, not all the time that it lasts
	EvReceipt  Flags = 0x40    // EV_RECEIPT, no Python name: answer the change with an event that has EvError, and Data 0 if all is well
	EvDispatch Flags = 0x80    // EV_DISPATCH, no Python name: disable after one report
	EvSysFlags Flags = 0xf000  // EV_SYSFLAGS, select.KQ_EV_SYSFLAGS: the bits that the system keeps for itself
	EvFlag1    Flags = evFlag1 // EV_FLAG1, select.KQ_EV_FLAG1: one of them; macOS uses it as EV_OOBAND
	EvError    Flags = 0x4000  // EV_ERROR, select.KQ_EV_ERROR: the change failed with the errno in Data, or is answered (EvReceipt)
	EvEOF      Flags = 0x8000  // EV_EOF, select.KQ_EV_EOF: the other end has gone; Fflags is the error of a socket. A process has ended
)

const evFlag1 = 0x2000

// Fflags is the fflags field of struct kevent: notes, whose numbers overlap from filter to filter. It prints as one
// hexadecimal number; Event.String knows the filter, and writes names.
type Fflags uint32

// The notes, by the filter that has them. Notes that a system lacks share one bit that no kernel uses, and Control refuses it
// with errors.ErrUnsupported.
const (
	NoteLowat Fflags = 0x1     // NOTE_LOWAT, select.KQ_NOTE_LOWAT (read, write): report from Data bytes on
	NoteOOB   Fflags = noteOOB // NOTE_OOB, no Python name (except): urgent data (macOS, OpenBSD, DragonFly)

	NoteDelete     Fflags = 0x1            // NOTE_DELETE, select.KQ_NOTE_DELETE (vnode): a name of the file was removed
	NoteWrite      Fflags = 0x2            // NOTE_WRITE, select.KQ_NOTE_WRITE (vnode): written; of a directory, an entry came or went
	NoteExtend     Fflags = 0x4            // NOTE_EXTEND, select.KQ_NOTE_EXTEND (vnode): it grew
	NoteAttrib     Fflags = 0x8            // NOTE_ATTRIB, select.KQ_NOTE_ATTRIB (vnode): its attributes changed
	NoteLink       Fflags = 0x10           // NOTE_LINK, select.KQ_NOTE_LINK (vnode): the number of its names changed
	NoteRename     Fflags = 0x20           // NOTE_RENAME, select.KQ_NOTE_RENAME (vnode): it was renamed
	NoteRevoke     Fflags = 0x40           // NOTE_REVOKE, select.KQ_NOTE_REVOKE (vnode): revoke(2), or its file system was unmounted
	NoteOpen       Fflags = noteOpen       // NOTE_OPEN, no Python name (vnode): opened (FreeBSD, NetBSD 10)
	NoteClose      Fflags = noteClose      // NOTE_CLOSE, no Python name (vnode): closed, having been open for reading (FreeBSD, NetBSD 10)
	NoteCloseWrite Fflags = noteCloseWrite // NOTE_CLOSE_WRITE, no Python name (vnode): closed, having been open for writing (FreeBSD, NetBSD 10)
	NoteRead       Fflags = noteRead       // NOTE_READ, no Python name (vnode): read from (FreeBSD, NetBSD 10)

	NoteExit       Fflags = 0x80000000     // NOTE_EXIT, select.KQ_NOTE_EXIT (proc): it ended; Data is the status as wait(2) has it
	NoteFork       Fflags = 0x40000000     // NOTE_FORK, select.KQ_NOTE_FORK (proc): it called fork(2)
	NoteExec       Fflags = 0x20000000     // NOTE_EXEC, select.KQ_NOTE_EXEC (proc): it called execve(2)
	NoteExitStatus Fflags = noteExitStatus // NOTE_EXITSTATUS, no Python name (proc): macOS tells the status only then; 0 elsewhere, where NoteExit tells it
	NoteTrack      Fflags = 0x1            // NOTE_TRACK, select.KQ_NOTE_TRACK (proc): follow its children too; macOS has it no more
	NoteTrackErr   Fflags = 0x2            // NOTE_TRACKERR, select.KQ_NOTE_TRACKERR (proc): a child could not be followed
	NoteChild      Fflags = 0x4            // NOTE_CHILD, select.KQ_NOTE_CHILD (proc): a child that is followed; Data is its parent
	NotePCtrlMask  Fflags = notePCtrlMask  // NOTE_PCTRLMASK, select.KQ_NOTE_PCTRLMASK (proc): the bits that are notes
	NotePDataMask  Fflags = 0x000fffff     // NOTE_PDATAMASK, select.KQ_NOTE_PDATAMASK (proc): the bits that hold a number

	NoteLinkUp   Fflags = 0x1 // NOTE_LINKUP, select.KQ_NOTE_LINKUP (netdev): the link is up
	NoteLinkDown Fflags = 0x2 // NOTE_LINKDOWN, select.KQ_NOTE_LINKDOWN (netdev): the link is down
	NoteLinkInv  Fflags = 0x4 // NOTE_LINKINV, select.KQ_NOTE_LINKINV (netdev): the state of the link is not known

	NoteSeconds  Fflags = noteSeconds  // NOTE_SECONDS, no Python name (timer): Data counts seconds (not DragonFly)
	NoteMSeconds Fflags = noteMSeconds // NOTE_MSECONDS, no Python name (timer): Data counts milliseconds, as without a unit
	NoteUSeconds Fflags = noteUSeconds // NOTE_USECONDS, no Python name (timer): Data counts microseconds (not DragonFly)
	NoteNSeconds Fflags = noteNSeconds // NOTE_NSECONDS, no Python name (timer): Data counts nanoseconds (not DragonFly)
	NoteAbsTime  Fflags = noteAbsTime  // NOTE_ABSTIME, no Python name (timer): Data is a time since 1970, and comes once; macOS's NOTE_ABSOLUTE (not DragonFly)

	NoteFFNop      Fflags = 0x0        // NOTE_FFNOP, no Python name (user): leave the user's 24 bits as they are
	NoteFFAnd      Fflags = 0x40000000 // NOTE_FFAND, no Python name (user): keep those that are given
	NoteFFOr       Fflags = 0x80000000 // NOTE_FFOR, no Python name (user): add those that are given
	NoteFFCopy     Fflags = 0xc0000000 // NOTE_FFCOPY, no Python name (user): replace them
	NoteFFCtrlMask Fflags = 0xc0000000 // NOTE_FFCTRLMASK, no Python name (user): the bits of the four above
	NoteFFlagsMask Fflags = 0x00ffffff // NOTE_FFLAGSMASK, no Python name (user): the user's bits
	NoteTrigger    Fflags = 0x01000000 // NOTE_TRIGGER, no Python name (user): make the event
)

// absentNote stands for every note that the system lacks. No filter but FilterUser, which lacks none, has a use for the bit.
const absentNote = 0x00800000

// absent filters begin here and go down: no kernel's range reaches so far.
const absent = -0x4000

var filterNames = []struct {
	filter Filter
	text   string
}{
	{FilterRead, "FilterRead"},
	{FilterWrite, "FilterWrite"},
	{FilterAIO, "FilterAIO"},
	{FilterVnode, "FilterVnode"},
	{FilterProc, "FilterProc"},
	{FilterNetdev, "FilterNetdev"},
	{FilterSignal, "FilterSignal"},
	{FilterTimer, "FilterTimer"},
	{FilterUser, "FilterUser"},
	{FilterExcept, "FilterExcept"},
	{FilterFS, "FilterFS"},
	{FilterEmpty, "FilterEmpty"},
	{FilterProcDesc, "FilterProcDesc"},
}

var flagNames = []bitnames.Name{
	{Value: uint64(EvAdd), Text: "EvAdd"},
	{Value: uint64(EvDelete), Text: "EvDelete"},
	{Value: uint64(EvEnable), Text: "EvEnable"},
	{Value: uint64(EvDisable), Text: "EvDisable"},
	{Value: uint64(EvOneShot), Text: "EvOneShot"},
	{Value: uint64(EvClear), Text: "EvClear"},
	{Value: uint64(EvReceipt), Text: "EvReceipt"},
	{Value: uint64(EvDispatch), Text: "EvDispatch"},
	{Value: uint64(EvEOF), Text: "EvEOF"},
	{Value: uint64(EvError), Text: "EvError"},
	{Value: uint64(EvFlag1), Text: "EvFlag1"},
}

// noteNames are the notes of each filter. Those of more bits come first, so that they are not read as their parts.
var noteNames = map[Filter][]bitnames.Name{
	FilterRead:   {{Value: uint64(NoteLowat), Text: "NoteLowat"}},
	FilterWrite:  {{Value: uint64(NoteLowat), Text: "NoteLowat"}},
	FilterExcept: {{Value: uint64(NoteOOB), Text: "NoteOOB"}},
	FilterVnode: {
		{Value: uint64(NoteDelete), Text: "NoteDelete"},
		{Value: uint64(NoteWrite), Text: "NoteWrite"},
		{Value: uint64(NoteExtend), Text: "NoteExtend"},
		{Value: uint64(NoteAttrib), Text: "NoteAttrib"},
		{Value: uint64(NoteLink), Text: "NoteLink"},
		{Value: uint64(NoteRename), Text: "NoteRename"},
		{Value: uint64(NoteRevoke), Text: "NoteRevoke"},
		{Value: uint64(NoteOpen), Text: "NoteOpen"},
		{Value: uint64(NoteClose), Text: "NoteClose"},
		{Value: uint64(NoteCloseWrite), Text: "NoteCloseWrite"},
		{Value: uint64(NoteRead), Text: "NoteRead"},
	},
	FilterProc: {
		{Value: uint64(NoteExit), Text: "NoteExit"},
		{Value: uint64(NoteFork), Text: "NoteFork"},
		{Value: uint64(NoteExec), Text: "NoteExec"},
		{Value: uint64(NoteExitStatus), Text: "NoteExitStatus"},
		{Value: uint64(NoteTrack), Text: "NoteTrack"},
		{Value: uint64(NoteTrackErr), Text: "NoteTrackErr"},
		{Value: uint64(NoteChild), Text: "NoteChild"},
	},
	FilterProcDesc: {{Value: uint64(NoteExit), Text: "NoteExit"}},
	FilterNetdev: {
		{Value: uint64(NoteLinkUp), Text: "NoteLinkUp"},
		{Value: uint64(NoteLinkDown), Text: "NoteLinkDown"},
		{Value: uint64(NoteLinkInv), Text: "NoteLinkInv"},
	},
	FilterTimer: {
		{Value: uint64(NoteNSeconds), Text: "NoteNSeconds"},
		{Value: uint64(NoteUSeconds), Text: "NoteUSeconds"},
		{Value: uint64(NoteMSeconds), Text: "NoteMSeconds"},
		{Value: uint64(NoteSeconds), Text: "NoteSeconds"},
		{Value: uint64(NoteAbsTime), Text: "NoteAbsTime"},
	},
	FilterUser: {
		{Value: uint64(NoteFFCopy), Text: "NoteFFCopy"},
		{Value: uint64(NoteFFOr), Text: "NoteFFOr"},
		{Value: uint64(NoteFFAnd), Text: "NoteFFAnd"},
		{Value: uint64(NoteTrigger), Text: "NoteTrigger"},
	},
}
