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
	// FilterRead is EVFILT_READ, select.KQ_FILTER_READ: Ident is a descriptor, Data the bytes
	// to read.
	FilterRead Filter = Filter(kevent.FilterRead)
	// FilterWrite is EVFILT_WRITE, select.KQ_FILTER_WRITE: Ident is a descriptor, Data the room
	// for writing.
	FilterWrite Filter = Filter(kevent.FilterWrite)
	// FilterAIO is EVFILT_AIO, select.KQ_FILTER_AIO: Ident is a struct aiocb that aio_read(2)
	// registers.
	FilterAIO Filter = Filter(kevent.FilterAIO)
	// FilterVnode is EVFILT_VNODE, select.KQ_FILTER_VNODE: Ident is the descriptor of a file.
	FilterVnode Filter = Filter(kevent.FilterVnode)
	// FilterProc is EVFILT_PROC, select.KQ_FILTER_PROC: Ident is a process.
	FilterProc Filter = Filter(kevent.FilterProc)
	// FilterNetdev is EVFILT_NETDEV, select.KQ_FILTER_NETDEV: Ident is a network interface
	// (Linux).
	FilterNetdev Filter = Filter(kevent.FilterNetdev)
	// FilterSignal is EVFILT_SIGNAL, select.KQ_FILTER_SIGNAL: Ident is a signal, Data the
	// number of times it arrived.
	FilterSignal Filter = Filter(kevent.FilterSignal)
	// FilterTimer is EVFILT_TIMER, select.KQ_FILTER_TIMER: Data is the period, reported as the
	// number of expiries.
	FilterTimer Filter = Filter(kevent.FilterTimer)
	// FilterUser is EVFILT_USER, no Python name: an event made with NoteTrigger (NetBSD 10,
	// OpenBSD 7.8).
	FilterUser Filter = Filter(kevent.FilterUser)
	// FilterExcept is EVFILT_EXCEPT, no Python name: urgent data (macOS, OpenBSD, DragonFly,
	// Linux).
	FilterExcept Filter = Filter(kevent.FilterExcept)
	// FilterFS is EVFILT_FS, no Python name: file systems were mounted or unmounted (not
	// OpenBSD).
	FilterFS Filter = Filter(kevent.FilterFS)
	// FilterEmpty is EVFILT_EMPTY, no Python name: everything written has been sent (FreeBSD,
	// NetBSD).
	FilterEmpty Filter = Filter(kevent.FilterEmpty)
	// FilterProcDesc is EVFILT_PROCDESC, no Python name: Ident is a process descriptor
	// (FreeBSD).
	FilterProcDesc Filter = Filter(kevent.FilterProcDesc)
)

// Flags is the flags field of struct kevent: the actions of a change, and properties of an event.
// It is formatted as EvAdd|EvClear|0x100.
type Flags uint16

// The flags, which have the same numbers on every system.
const (
	// EvAdd is EV_ADD, select.KQ_EV_ADD: register, or modify a registration.
	EvAdd Flags = Flags(kevent.Add)
	// EvDelete is EV_DELETE, select.KQ_EV_DELETE: unregister.
	EvDelete Flags = Flags(kevent.Delete)
	// EvEnable is EV_ENABLE, select.KQ_EV_ENABLE: report again.
	EvEnable Flags = Flags(kevent.Enable)
	// EvDisable is EV_DISABLE, select.KQ_EV_DISABLE: stay registered but do not report.
	EvDisable Flags = Flags(kevent.Disable)
	// EvOneShot is EV_ONESHOT, select.KQ_EV_ONESHOT: unregister after one report.
	EvOneShot Flags = Flags(kevent.OneShot)
	// EvClear is EV_CLEAR, select.KQ_EV_CLEAR: report each change once, and not a lasting
	// condition.
	EvClear Flags = Flags(kevent.Clear)
	// EvReceipt is EV_RECEIPT, no Python name: report the change's result as an event with
	// EvError.
	EvReceipt Flags = Flags(kevent.Receipt)
	// EvDispatch is EV_DISPATCH, no Python name: disable after one report.
	EvDispatch Flags = Flags(kevent.Dispatch)
	// EvSysFlags is EV_SYSFLAGS, select.KQ_EV_SYSFLAGS: bits that the system reserves.
	EvSysFlags Flags = Flags(kevent.SysFlags)
	// EvFlag1 is EV_FLAG1, select.KQ_EV_FLAG1: a bit of EvSysFlags. macOS uses it as EV_OOBAND.
	EvFlag1 Flags = Flags(kevent.Flag1)
	// EvError is EV_ERROR, select.KQ_EV_ERROR: Data is the errno of a change, or 0 in a
	// receipt.
	EvError Flags = Flags(kevent.Error)
	// EvEOF is EV_EOF, select.KQ_EV_EOF: the peer has gone (Fflags is a socket's error), or the
	// process has ended.
	EvEOF Flags = Flags(kevent.EOF)
)

// Fflags is the fflags field of struct kevent: a set of notes. The numbers of different filters
// overlap, so Fflags is formatted as a hexadecimal number. [Event.String] formats the names.
type Fflags uint32

// The notes, by filter. Control returns errors.ErrUnsupported for a note that the system lacks. All
// such notes have the same number, which no kernel uses.
const (
	// NoteLowat is NOTE_LOWAT, select.KQ_NOTE_LOWAT (read, write): report at least Data bytes.
	NoteLowat Fflags = Fflags(kevent.NoteLowat)
	// NoteOOB is NOTE_OOB, no Python name (except): urgent data (macOS, OpenBSD, DragonFly,
	// Linux).
	NoteOOB Fflags = Fflags(kevent.NoteOOB)

	// NoteDelete is NOTE_DELETE, select.KQ_NOTE_DELETE (vnode): a name of the file was removed.
	NoteDelete Fflags = Fflags(kevent.NoteDelete)
	// NoteWrite is NOTE_WRITE, select.KQ_NOTE_WRITE (vnode): the file was written. In a
	// directory, an entry was added or removed.
	NoteWrite Fflags = Fflags(kevent.NoteWrite)
	// NoteExtend is NOTE_EXTEND, select.KQ_NOTE_EXTEND (vnode): the file grew.
	NoteExtend Fflags = Fflags(kevent.NoteExtend)
	// NoteAttrib is NOTE_ATTRIB, select.KQ_NOTE_ATTRIB (vnode): the file's attributes changed.
	NoteAttrib Fflags = Fflags(kevent.NoteAttrib)
	// NoteLink is NOTE_LINK, select.KQ_NOTE_LINK (vnode): the file's link count changed.
	NoteLink Fflags = Fflags(kevent.NoteLink)
	// NoteRename is NOTE_RENAME, select.KQ_NOTE_RENAME (vnode): the file was renamed.
	NoteRename Fflags = Fflags(kevent.NoteRename)
	// NoteRevoke is NOTE_REVOKE, select.KQ_NOTE_REVOKE (vnode): revoke(2), or its file system
	// was unmounted.
	NoteRevoke Fflags = Fflags(kevent.NoteRevoke)
	// NoteOpen is NOTE_OPEN, no Python name (vnode): the file was opened (FreeBSD, NetBSD 10,
	// Linux).
	NoteOpen Fflags = Fflags(kevent.NoteOpen)
	// NoteClose is NOTE_CLOSE, no Python name (vnode): the file was closed after being open for
	// reading (FreeBSD, NetBSD 10, Linux).
	NoteClose Fflags = Fflags(kevent.NoteClose)
	// NoteCloseWrite is NOTE_CLOSE_WRITE, no Python name (vnode): the file was closed after
	// being open for writing (FreeBSD, NetBSD 10, Linux).
	NoteCloseWrite Fflags = Fflags(kevent.NoteCloseWrite)
	// NoteRead is NOTE_READ, no Python name (vnode): the file was read (FreeBSD, NetBSD 10,
	// Linux).
	NoteRead Fflags = Fflags(kevent.NoteRead)

	// NoteExit is NOTE_EXIT, select.KQ_NOTE_EXIT (proc): the process exited; Data is its status
	// as in wait(2).
	NoteExit Fflags = Fflags(kevent.NoteExit)
	// NoteFork is NOTE_FORK, select.KQ_NOTE_FORK (proc): the process called fork(2).
	NoteFork Fflags = Fflags(kevent.NoteFork)
	// NoteExec is NOTE_EXEC, select.KQ_NOTE_EXEC (proc): the process called execve(2).
	NoteExec Fflags = Fflags(kevent.NoteExec)
	// NoteExitStatus is NOTE_EXITSTATUS, no Python name (proc): macOS needs it to report the
	// status; 0 elsewhere.
	NoteExitStatus Fflags = Fflags(kevent.NoteExitStatus)
	// NoteTrack is NOTE_TRACK, select.KQ_NOTE_TRACK (proc): follow its children too; refused by
	// macOS.
	NoteTrack Fflags = Fflags(kevent.NoteTrack)
	// NoteTrackErr is NOTE_TRACKERR, select.KQ_NOTE_TRACKERR (proc): a child could not be
	// followed.
	NoteTrackErr Fflags = Fflags(kevent.NoteTrackErr)
	// NoteChild is NOTE_CHILD, select.KQ_NOTE_CHILD (proc): a child that is followed; Data is
	// its parent.
	NoteChild Fflags = Fflags(kevent.NoteChild)
	// NotePCtrlMask is NOTE_PCTRLMASK, select.KQ_NOTE_PCTRLMASK (proc): the bits that are
	// notes.
	NotePCtrlMask Fflags = Fflags(kevent.NotePCtrlMask)
	// NotePDataMask is NOTE_PDATAMASK, select.KQ_NOTE_PDATAMASK (proc): the bits that hold a
	// number.
	NotePDataMask Fflags = Fflags(kevent.NotePDataMask)

	// NoteLinkUp is NOTE_LINKUP, select.KQ_NOTE_LINKUP (netdev): the link is up.
	NoteLinkUp Fflags = Fflags(kevent.NoteLinkUp)
	// NoteLinkDown is NOTE_LINKDOWN, select.KQ_NOTE_LINKDOWN (netdev): the link is down.
	NoteLinkDown Fflags = Fflags(kevent.NoteLinkDown)
	// NoteLinkInv is NOTE_LINKINV, select.KQ_NOTE_LINKINV (netdev): the state of the link is
	// unknown.
	NoteLinkInv Fflags = Fflags(kevent.NoteLinkInv)

	// NoteMount is VQ_MOUNT, no Python name (fs): a file system was mounted.
	NoteMount Fflags = Fflags(kevent.NoteMount)
	// NoteUnmount is VQ_UNMOUNT, no Python name (fs): a file system was unmounted.
	NoteUnmount Fflags = Fflags(kevent.NoteUnmount)

	// NoteSeconds is NOTE_SECONDS, no Python name (timer): Data counts seconds (not DragonFly).
	NoteSeconds Fflags = Fflags(kevent.NoteSeconds)
	// NoteMSeconds is NOTE_MSECONDS, no Python name (timer): Data counts milliseconds, as
	// without a unit.
	NoteMSeconds Fflags = Fflags(kevent.NoteMSeconds)
	// NoteUSeconds is NOTE_USECONDS, no Python name (timer): Data counts microseconds (not
	// DragonFly).
	NoteUSeconds Fflags = Fflags(kevent.NoteUSeconds)
	// NoteNSeconds is NOTE_NSECONDS, no Python name (timer): Data counts nanoseconds (not
	// DragonFly).
	NoteNSeconds Fflags = Fflags(kevent.NoteNSeconds)
	// NoteAbsTime is NOTE_ABSTIME, no Python name (timer): Data is a time since 1970; macOS's
	// NOTE_ABSOLUTE (not DragonFly).
	NoteAbsTime Fflags = Fflags(kevent.NoteAbsTime)

	// NoteFFNop is NOTE_FFNOP, no Python name (user): keep the user's 24 bits.
	NoteFFNop Fflags = Fflags(kevent.NoteFFNop)
	// NoteFFAnd is NOTE_FFAND, no Python name (user): AND the given bits.
	NoteFFAnd Fflags = Fflags(kevent.NoteFFAnd)
	// NoteFFOr is NOTE_FFOR, no Python name (user): OR the given bits.
	NoteFFOr Fflags = Fflags(kevent.NoteFFOr)
	// NoteFFCopy is NOTE_FFCOPY, no Python name (user): replace the bits.
	NoteFFCopy Fflags = Fflags(kevent.NoteFFCopy)
	// NoteFFCtrlMask is NOTE_FFCTRLMASK, no Python name (user): the bits of the four notes
	// above.
	NoteFFCtrlMask Fflags = Fflags(kevent.NoteFFCtrlMask)
	// NoteFFlagsMask is NOTE_FFLAGSMASK, no Python name (user): the user's bits.
	NoteFFlagsMask Fflags = Fflags(kevent.NoteFFlagsMask)
	// NoteTrigger is NOTE_TRIGGER, no Python name (user): make the event.
	NoteTrigger Fflags = Fflags(kevent.NoteTrigger)
)

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

// filters holds the names of the filters and of their notes. A note of several bits precedes its
// parts. A map would cost time at the start of every program.
var filters = []struct {
	filter Filter
	text   string
	notes  []bitnames.Name
}{
	{FilterRead, "FilterRead", []bitnames.Name{{Value: uint64(NoteLowat), Text: "NoteLowat"}}},
	{FilterWrite, "FilterWrite", []bitnames.Name{{Value: uint64(NoteLowat), Text: "NoteLowat"}}},
	{FilterAIO, "FilterAIO", nil},
	{FilterVnode, "FilterVnode", []bitnames.Name{
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
	}},
	{FilterProc, "FilterProc", []bitnames.Name{
		{Value: uint64(NoteExit), Text: "NoteExit"},
		{Value: uint64(NoteFork), Text: "NoteFork"},
		{Value: uint64(NoteExec), Text: "NoteExec"},
		{Value: uint64(NoteExitStatus), Text: "NoteExitStatus"},
		{Value: uint64(NoteTrack), Text: "NoteTrack"},
		{Value: uint64(NoteTrackErr), Text: "NoteTrackErr"},
		{Value: uint64(NoteChild), Text: "NoteChild"},
	}},
	{FilterNetdev, "FilterNetdev", []bitnames.Name{
		{Value: uint64(NoteLinkUp), Text: "NoteLinkUp"},
		{Value: uint64(NoteLinkDown), Text: "NoteLinkDown"},
		{Value: uint64(NoteLinkInv), Text: "NoteLinkInv"},
	}},
	{FilterSignal, "FilterSignal", nil},
	{FilterTimer, "FilterTimer", []bitnames.Name{
		{Value: uint64(NoteNSeconds), Text: "NoteNSeconds"},
		{Value: uint64(NoteUSeconds), Text: "NoteUSeconds"},
		{Value: uint64(NoteMSeconds), Text: "NoteMSeconds"},
		{Value: uint64(NoteSeconds), Text: "NoteSeconds"},
		{Value: uint64(NoteAbsTime), Text: "NoteAbsTime"},
	}},
	{FilterUser, "FilterUser", []bitnames.Name{
		{Value: uint64(NoteFFCopy), Text: "NoteFFCopy"},
		{Value: uint64(NoteFFOr), Text: "NoteFFOr"},
		{Value: uint64(NoteFFAnd), Text: "NoteFFAnd"},
		{Value: uint64(NoteTrigger), Text: "NoteTrigger"},
	}},
	{FilterExcept, "FilterExcept", []bitnames.Name{{Value: uint64(NoteOOB), Text: "NoteOOB"}}},
	{FilterFS, "FilterFS", []bitnames.Name{
		{Value: uint64(NoteMount), Text: "NoteMount"},
		{Value: uint64(NoteUnmount), Text: "NoteUnmount"},
	}},
	{FilterEmpty, "FilterEmpty", nil},
	{FilterProcDesc, "FilterProcDesc", []bitnames.Name{{Value: uint64(NoteExit), Text: "NoteExit"}}},
}

// notesOf returns the names of a filter's notes.
func notesOf(f Filter) []bitnames.Name {
	for _, known := range filters {
		if known.filter == f {
			return known.notes
		}
	}
	return nil
}
