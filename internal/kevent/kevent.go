// Package kevent declares struct kevent and the numbers of <sys/event.h> for all packages that use
// kqueue. Package kqueue documents them.
package kevent

// Event has the layout of kqueue.Event.
type Event struct {
	Ident  uint64
	Filter int16
	Flags  uint16
	Fflags uint32
	Data   int64
	Udata  uint64
}

// The flags have the same numbers on every system.
const (
	Add      uint16 = 0x1
	Delete   uint16 = 0x2
	Enable   uint16 = 0x4
	Disable  uint16 = 0x8
	OneShot  uint16 = 0x10
	Clear    uint16 = 0x20
	Receipt  uint16 = 0x40
	Dispatch uint16 = 0x80
	Flag1    uint16 = 0x2000
	Error    uint16 = 0x4000
	EOF      uint16 = 0x8000
	SysFlags uint16 = 0xf000
)

// The notes that have the same number on every system.
const (
	NoteLowat uint32 = 0x1

	NoteDelete uint32 = 0x1
	NoteWrite  uint32 = 0x2
	NoteExtend uint32 = 0x4
	NoteAttrib uint32 = 0x8
	NoteLink   uint32 = 0x10
	NoteRename uint32 = 0x20
	NoteRevoke uint32 = 0x40

	NoteExit      uint32 = 0x80000000
	NoteFork      uint32 = 0x40000000
	NoteExec      uint32 = 0x20000000
	NoteTrack     uint32 = 0x1
	NoteTrackErr  uint32 = 0x2
	NoteChild     uint32 = 0x4
	NotePDataMask uint32 = 0x000fffff

	NoteLinkUp   uint32 = 0x1
	NoteLinkDown uint32 = 0x2
	NoteLinkInv  uint32 = 0x4

	NoteFFNop      uint32 = 0x0
	NoteFFAnd      uint32 = 0x40000000
	NoteFFOr       uint32 = 0x80000000
	NoteFFCopy     uint32 = 0xc0000000
	NoteFFCtrlMask uint32 = 0xc0000000
	NoteFFlagsMask uint32 = 0x00ffffff
	NoteTrigger    uint32 = 0x01000000
)
