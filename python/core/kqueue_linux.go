package main

// #include "codes.h"
import "C"

import (
	"time"
	"unsafe"

	"iomux/internal/kqueueemu"
	"iomux/kqueue"
)

// The C half has a structure with the same layout, so events are not copied.
const _ = -(C.sizeof_iomux_kevent ^ unsafe.Sizeof(kqueue.Event{})) -
	(C.IOMUX_KEVENT_FFLAGS ^ unsafe.Offsetof(kqueue.Event{}.Fflags)) -
	(C.IOMUX_KEVENT_UDATA ^ unsafe.Offsetof(kqueue.Event{}.Udata))

// kqueueConstants are the constants in Python's documentation, with the numbers of the package.
var kqueueConstants = []struct {
	name  string
	value int64
}{
	{"KQ_FILTER_READ", int64(kqueue.FilterRead)},
	{"KQ_FILTER_WRITE", int64(kqueue.FilterWrite)},
	{"KQ_FILTER_AIO", int64(kqueue.FilterAIO)},
	{"KQ_FILTER_VNODE", int64(kqueue.FilterVnode)},
	{"KQ_FILTER_PROC", int64(kqueue.FilterProc)},
	{"KQ_FILTER_NETDEV", int64(kqueue.FilterNetdev)},
	{"KQ_FILTER_SIGNAL", int64(kqueue.FilterSignal)},
	{"KQ_FILTER_TIMER", int64(kqueue.FilterTimer)},

	{"KQ_EV_ADD", int64(kqueue.EvAdd)},
	{"KQ_EV_DELETE", int64(kqueue.EvDelete)},
	{"KQ_EV_ENABLE", int64(kqueue.EvEnable)},
	{"KQ_EV_DISABLE", int64(kqueue.EvDisable)},
	{"KQ_EV_ONESHOT", int64(kqueue.EvOneShot)},
	{"KQ_EV_CLEAR", int64(kqueue.EvClear)},
	{"KQ_EV_SYSFLAGS", int64(kqueue.EvSysFlags)},
	{"KQ_EV_FLAG1", int64(kqueue.EvFlag1)},
	{"KQ_EV_EOF", int64(kqueue.EvEOF)},
	{"KQ_EV_ERROR", int64(kqueue.EvError)},

	{"KQ_NOTE_LOWAT", int64(kqueue.NoteLowat)},
	{"KQ_NOTE_DELETE", int64(kqueue.NoteDelete)},
	{"KQ_NOTE_WRITE", int64(kqueue.NoteWrite)},
	{"KQ_NOTE_EXTEND", int64(kqueue.NoteExtend)},
	{"KQ_NOTE_ATTRIB", int64(kqueue.NoteAttrib)},
	{"KQ_NOTE_LINK", int64(kqueue.NoteLink)},
	{"KQ_NOTE_RENAME", int64(kqueue.NoteRename)},
	{"KQ_NOTE_REVOKE", int64(kqueue.NoteRevoke)},
	{"KQ_NOTE_EXIT", int64(kqueue.NoteExit)},
	{"KQ_NOTE_FORK", int64(kqueue.NoteFork)},
	{"KQ_NOTE_EXEC", int64(kqueue.NoteExec)},
	{"KQ_NOTE_PCTRLMASK", int64(kqueue.NotePCtrlMask)},
	{"KQ_NOTE_PDATAMASK", int64(kqueue.NotePDataMask)},
	{"KQ_NOTE_TRACK", int64(kqueue.NoteTrack)},
	{"KQ_NOTE_CHILD", int64(kqueue.NoteChild)},
	{"KQ_NOTE_TRACKERR", int64(kqueue.NoteTrackErr)},
	{"KQ_NOTE_LINKUP", int64(kqueue.NoteLinkUp)},
	{"KQ_NOTE_LINKDOWN", int64(kqueue.NoteLinkDown)},
	{"KQ_NOTE_LINKINV", int64(kqueue.NoteLinkInv)},
}

// iomux_kqueue_constant copies the name of a constant, with a zero byte after it, to name, and
// reports whether a constant with the index exists.
//
//export iomux_kqueue_constant
func iomux_kqueue_constant(index int32, name *uint8, room int32, value *int64) bool {
	if int(index) >= len(kqueueConstants) {
		return false
	}
	constant := &kqueueConstants[index]
	text := unsafe.Slice(name, room)
	text[copy(text[:room-1], constant.name)] = 0
	*value = constant.value
	return true
}

//export iomux_kqueue_new
func iomux_kqueue_new(object *uintptr, fd *int32) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	queue, err := kqueue.New()
	if err != nil {
		return code(err)
	}
	*object, *fd = keep(queue), int32(queue.FD())
	return 0
}

//export iomux_kqueue_adopt
func iomux_kqueue_adopt(fd int32, object *uintptr) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	queue, err := kqueue.FromFD(int(fd))
	if err != nil {
		return code(err)
	}
	*object = keep(queue)
	return 0
}

// iomux_kqueue_control leaves a socket's error in the socket, where Python's programs look for it
// (asyncio, after a connect). Linux reports it once.
//
//export iomux_kqueue_control
func iomux_kqueue_control(object, changes unsafe.Pointer, many int32, events unsafe.Pointer, room int32, timeout int64) (answer int32) {
	defer recovered(&answer, -C.IOMUX_FAILED)
	catchAgain()
	asked := unsafe.Slice((*kqueue.Event)(changes), many)
	reported := unsafe.Slice((*kqueue.Event)(events), room)
	for i := range asked {
		if isOfDescriptor(&asked[i]) {
			asked[i].Fflags |= kqueueemu.LeaveError
		}
	}
	n, err := (*kqueue.Queue)(object).Control(asked, reported, time.Duration(timeout))
	for i := range reported[:n] {
		if isOfDescriptor(&reported[i]) {
			reported[i].Fflags &^= kqueueemu.LeaveError
		}
	}
	return count(n, err)
}

func isOfDescriptor(event *kqueue.Event) bool {
	return event.Filter == kqueue.FilterRead || event.Filter == kqueue.FilterWrite
}

//export iomux_kqueue_close
func iomux_kqueue_close(object unsafe.Pointer) (answer int32) {
	defer recovered(&answer, C.IOMUX_FAILED)
	return code((*kqueue.Queue)(object).Close())
}
