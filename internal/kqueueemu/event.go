//go:build linux

package kqueueemu

// Event is struct kevent as package kqueue has it.
type Event struct {
	Ident  uint64
	Filter int16
	Flags  uint16
	Fflags uint32
	Data   int64
	Udata  uint64
}

const (
	evAdd      = 0x1
	evDelete   = 0x2
	evEnable   = 0x4
	evDisable  = 0x8
	evOneShot  = 0x10
	evClear    = 0x20
	evReceipt  = 0x40
	evDispatch = 0x80
	evEOF      = 0x8000

	noteLowat = 0x1

	noteDelete = 0x1
	noteWrite  = 0x2
	noteExtend = 0x4
	noteAttrib = 0x8
	noteLink   = 0x10
	noteRename = 0x20

	noteExit = 0x80000000

	noteFFAnd      = 0x40000000
	noteFFOr       = 0x80000000
	noteFFCopy     = 0xc0000000
	noteFFCtrlMask = 0xc0000000
	noteFFlagsMask = 0x00ffffff
	noteTrigger    = 0x01000000
)
