package kqueue

import (
	"iomux/internal/bitnames"
	"iomux/internal/kevent"
)

// Filter is the filter field of struct kevent: the kind of event. Filters have the system's own
// numbers.
type Filter int16

// The filters. Control returns errors.ErrUnsupported for a filter that the system lacks. The
// package comment lists the filters of each system.
const (
	FilterRead     = Filter(kevent.FilterRead)     // EVFILT_READ, select.KQ_FILTER_READ: Ident is a descriptor, Data the bytes to read
	FilterWrite    = Filter(kevent.FilterWrite)    // EVFILT_WRITE, select.KQ_FILTER_WRITE: Ident is a descriptor, Data the room for writing
	FilterAIO      = Filter(kevent.FilterAIO)      // EVFILT_AIO, select.KQ_FILTER_AIO: Ident is a struct aiocb that aio_read(2) registers
	FilterVnode    = Filter(kevent.FilterVnode)    // EVFILT_VNODE, select.KQ_FILTER_VNODE: Ident is the descriptor of a file
	FilterProc     = Filter(kevent.FilterProc)     // EVFILT_PROC, select.KQ_FILTER_PROC: Ident is a process
	FilterNetdev   = Filter(kevent.FilterNetdev)   // EVFILT_NETDEV, select.KQ_FILTER_NETDEV: Ident is a network interface (Linux)
	FilterSignal   = Filter(kevent.FilterSignal)   // EVFILT_SIGNAL, select.KQ_FILTER_SIGNAL: Ident is a signal, Data how often it came
	FilterTimer    = Filter(kevent.FilterTimer)    // EVFILT_TIMER, select.KQ_FILTER_TIMER: Data is the period, reported as the number of expiries
	FilterUser     = Filter(kevent.FilterUser)     // EVFILT_USER, no Python name: an event made with NoteTrigger (NetBSD 10, OpenBSD 7.8)
	FilterExcept   = Filter(kevent.FilterExcept)   // EVFILT_EXCEPT, no Python name: urgent data (macOS, OpenBSD, DragonFly, Linux)
	FilterFS       = Filter(kevent.FilterFS)       // EVFILT_FS, no Python name: file systems were mounted or unmounted (not OpenBSD)
	FilterEmpty    = Filter(kevent.FilterEmpty)    // EVFILT_EMPTY, no Python name: everything written has been sent (FreeBSD, NetBSD)
	FilterProcDesc = Filter(kevent.FilterProcDesc) // EVFILT_PROCDESC, no Python name: Ident is a process descriptor (FreeBSD)
)

// Flags is the flags field of struct kevent: the actions of a change, and properties of an event.
// It is formatted as EvAdd|EvClear|0x100.
type Flags uint16

// The flags, which have the same numbers on every system.
const (
	EvAdd      = Flags(kevent.Add)      // EV_ADD, select.KQ_EV_ADD: register, or modify a registration, and enable it
	EvDelete   = Flags(kevent.Delete)   // EV_DELETE, select.KQ_EV_DELETE: unregister
	EvEnable   = Flags(kevent.Enable)   // EV_ENABLE, select.KQ_EV_ENABLE: report again
	EvDisable  = Flags(kevent.Disable)  // EV_DISABLE, select.KQ_EV_DISABLE: stay registered but do not report
	EvOneShot  = Flags(kevent.OneShot)  // EV_ONESHOT, select.KQ_EV_ONESHOT: unregister after one report
	EvClear    = Flags(kevent.Clear)    // EV_CLEAR, select.KQ_EV_CLEAR: report each change once, not a lasting state again
	EvReceipt  = Flags(kevent.Receipt)  // EV_RECEIPT, no Python name: report the change's result as an event with EvError
	EvDispatch = Flags(kevent.Dispatch) // EV_DISPATCH, no Python name: disable after one report
	EvSysFlags = Flags(kevent.SysFlags) // EV_SYSFLAGS, select.KQ_EV_SYSFLAGS: bits that the system reserves
	EvFlag1    = Flags(kevent.Flag1)    // EV_FLAG1, select.KQ_EV_FLAG1: one of them; macOS uses it as EV_OOBAND
	EvError    = Flags(kevent.Error)    // EV_ERROR, select.KQ_EV_ERROR: Data is the errno of a change, or 0 in a receipt
	EvEOF      = Flags(kevent.EOF)      // EV_EOF, select.KQ_EV_EOF: the peer has gone (Fflags is a socket's error), or the process has ended
)

// Fflags is the fflags field of struct kevent: a set of notes. The numbers of different filters
// overlap, so Fflags is formatted as a hexadecimal number. [Event.String] formats the names.
type Fflags uint32

// The notes, by filter. Control returns errors.ErrUnsupported for a note that the system lacks. All
// such notes have the same number, which no kernel uses.
const (
	NoteLowat = Fflags(kevent.NoteLowat) // NOTE_LOWAT, select.KQ_NOTE_LOWAT (read, write): report from Data bytes on
	NoteOOB   = Fflags(kevent.NoteOOB)   // NOTE_OOB, no Python name (except): urgent data (macOS, OpenBSD, DragonFly, Linux)

	NoteDelete     = Fflags(kevent.NoteDelete)     // NOTE_DELETE, select.KQ_NOTE_DELETE (vnode): a name of the file was removed
	NoteWrite      = Fflags(kevent.NoteWrite)      // NOTE_WRITE, select.KQ_NOTE_WRITE (vnode): written; in a directory, an entry came or went
	NoteExtend     = Fflags(kevent.NoteExtend)     // NOTE_EXTEND, select.KQ_NOTE_EXTEND (vnode): it grew
	NoteAttrib     = Fflags(kevent.NoteAttrib)     // NOTE_ATTRIB, select.KQ_NOTE_ATTRIB (vnode): its attributes changed
	NoteLink       = Fflags(kevent.NoteLink)       // NOTE_LINK, select.KQ_NOTE_LINK (vnode): its link count changed
	NoteRename     = Fflags(kevent.NoteRename)     // NOTE_RENAME, select.KQ_NOTE_RENAME (vnode): it was renamed
	NoteRevoke     = Fflags(kevent.NoteRevoke)     // NOTE_REVOKE, select.KQ_NOTE_REVOKE (vnode): revoke(2), or its file system was unmounted
	NoteOpen       = Fflags(kevent.NoteOpen)       // NOTE_OPEN, no Python name (vnode): opened (FreeBSD, NetBSD 10)
	NoteClose      = Fflags(kevent.NoteClose)      // NOTE_CLOSE, no Python name (vnode): closed after being open for reading (FreeBSD, NetBSD 10)
	NoteCloseWrite = Fflags(kevent.NoteCloseWrite) // NOTE_CLOSE_WRITE, no Python name (vnode): closed after being open for writing (FreeBSD, NetBSD 10)
	NoteRead       = Fflags(kevent.NoteRead)       // NOTE_READ, no Python name (vnode): read from (FreeBSD, NetBSD 10)

	NoteExit       = Fflags(kevent.NoteExit)       // NOTE_EXIT, select.KQ_NOTE_EXIT (proc): it ended; Data is its status as in wait(2)
	NoteFork       = Fflags(kevent.NoteFork)       // NOTE_FORK, select.KQ_NOTE_FORK (proc): it called fork(2)
	NoteExec       = Fflags(kevent.NoteExec)       // NOTE_EXEC, select.KQ_NOTE_EXEC (proc): it called execve(2)
	NoteExitStatus = Fflags(kevent.NoteExitStatus) // NOTE_EXITSTATUS, no Python name (proc): macOS needs it to report the status; 0 elsewhere
	NoteTrack      = Fflags(kevent.NoteTrack)      // NOTE_TRACK, select.KQ_NOTE_TRACK (proc): follow its children too; refused by macOS
	NoteTrackErr   = Fflags(kevent.NoteTrackErr)   // NOTE_TRACKERR, select.KQ_NOTE_TRACKERR (proc): a child could not be followed
	NoteChild      = Fflags(kevent.NoteChild)      // NOTE_CHILD, select.KQ_NOTE_CHILD (proc): a child that is followed; Data is its parent
	NotePCtrlMask  = Fflags(kevent.NotePCtrlMask)  // NOTE_PCTRLMASK, select.KQ_NOTE_PCTRLMASK (proc): the bits that are notes
	NotePDataMask  = Fflags(kevent.NotePDataMask)  // NOTE_PDATAMASK, select.KQ_NOTE_PDATAMASK (proc): the bits that hold a number

	NoteLinkUp   = Fflags(kevent.NoteLinkUp)   // NOTE_LINKUP, select.KQ_NOTE_LINKUP (netdev): the link is up
	NoteLinkDown = Fflags(kevent.NoteLinkDown) // NOTE_LINKDOWN, select.KQ_NOTE_LINKDOWN (netdev): the link is down
	NoteLinkInv  = Fflags(kevent.NoteLinkInv)  // NOTE_LINKINV, select.KQ_NOTE_LINKINV (netdev): the state of the link is unknown

	NoteMount   = Fflags(kevent.NoteMount)   // VQ_MOUNT, no Python name (fs): a file system was mounted
	NoteUnmount = Fflags(kevent.NoteUnmount) // VQ_UNMOUNT, no Python name (fs): a file system was unmounted

	NoteSeconds  = Fflags(kevent.NoteSeconds)  // NOTE_SECONDS, no Python name (timer): Data counts seconds (not DragonFly)
	NoteMSeconds = Fflags(kevent.NoteMSeconds) // NOTE_MSECONDS, no Python name (timer): Data counts milliseconds, as without a unit
	NoteUSeconds = Fflags(kevent.NoteUSeconds) // NOTE_USECONDS, no Python name (timer): Data counts microseconds (not DragonFly)
	NoteNSeconds = Fflags(kevent.NoteNSeconds) // NOTE_NSECONDS, no Python name (timer): Data counts nanoseconds (not DragonFly)
	NoteAbsTime  = Fflags(kevent.NoteAbsTime)  // NOTE_ABSTIME, no Python name (timer): Data is a time since 1970; macOS's NOTE_ABSOLUTE (not DragonFly)

	NoteFFNop      = Fflags(kevent.NoteFFNop)      // NOTE_FFNOP, no Python name (user): keep the user's 24 bits
	NoteFFAnd      = Fflags(kevent.NoteFFAnd)      // NOTE_FFAND, no Python name (user): AND the given bits
	NoteFFOr       = Fflags(kevent.NoteFFOr)       // NOTE_FFOR, no Python name (user): OR the given bits
	NoteFFCopy     = Fflags(kevent.NoteFFCopy)     // NOTE_FFCOPY, no Python name (user): replace the bits
	NoteFFCtrlMask = Fflags(kevent.NoteFFCtrlMask) // NOTE_FFCTRLMASK, no Python name (user): the bits of the four above
	NoteFFlagsMask = Fflags(kevent.NoteFFlagsMask) // NOTE_FFLAGSMASK, no Python name (user): the user's bits
	NoteTrigger    = Fflags(kevent.NoteTrigger)    // NOTE_TRIGGER, no Python name (user): make the event
)

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

// noteNames holds the names of each filter's notes. A note of several bits precedes its parts.
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
	FilterFS: {
		{Value: uint64(NoteMount), Text: "NoteMount"},
		{Value: uint64(NoteUnmount), Text: "NoteUnmount"},
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
