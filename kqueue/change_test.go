//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"errors"
	"math"
	"os"
	"strings"
	"syscall"
	"testing"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

func TestReceiptsComeInOrder(t *testing.T) {
	r, w := suite.Pipe(t)
	closed := suite.ClosedFD(t)
	queue := newQueue(t)
	suite.Write(t, w)
	changes := []kqueue.Event{
		change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvReceipt),
		change(closed, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvReceipt),
		change(w, kqueue.FilterWrite, kqueue.EvAdd|kqueue.EvReceipt),
		change(r, kqueue.FilterWrite+100, kqueue.EvAdd),
	}
	errnos := []syscall.Errno{0, syscall.EBADF, 0, syscall.EINVAL}
	// Both lists may be the same slice.
	list := append(make([]kqueue.Event, 0, 4), changes...)
	n, err := queue.Control(list, list, soon)
	if n != len(changes) || err != nil {
		t.Fatalf("%d receipts, %v, want %d", n, err, len(changes))
	}
	for i, receipt := range list {
		want := changes[i]
		want.Flags, want.Data = kqueue.EvError, int64(errnos[i])
		if receipt.Fflags = 0; receipt != want {
			t.Errorf("receipt %d is %v, want %v", i, receipt, want)
		}
	}
	apply(t, queue, change(w, kqueue.FilterWrite, kqueue.EvDelete))
	one(t, queue, r, kqueue.FilterRead)
}

// TestReceiptsWithoutRoom checks that changes are made even if there is no room for receipts.
func TestReceiptsWithoutRoom(t *testing.T) {
	r, w := suite.Pipe(t)
	queue := newQueue(t)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvReceipt),
		change(w, kqueue.FilterWrite, kqueue.EvAdd|kqueue.EvReceipt))
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvDelete), change(w, kqueue.FilterWrite, kqueue.EvDelete))
}

// TestFailuresWithoutRoom checks that Control stops at the first failure without room.
func TestFailuresWithoutRoom(t *testing.T) {
	r, w := suite.Pipe(t)
	closed := suite.ClosedFD(t)
	queue := newQueue(t)
	suite.Write(t, w)
	bad := change(closed, kqueue.FilterRead, kqueue.EvAdd)
	unknown := change(r, kqueue.FilterWrite, kqueue.EvDelete)
	events := make([]kqueue.Event, 1)
	n, err := queue.Control([]kqueue.Event{bad, unknown, change(r, kqueue.FilterRead, kqueue.EvAdd)}, events, 0)
	if n != 1 || !errors.Is(err, syscall.ENOENT) || events[0].Data != int64(syscall.EBADF) {
		t.Fatalf("%d events, first %v, error %v, want EBADF as an event and ENOENT as the error", n, events[0], err)
	}
	if !strings.Contains(err.Error(), unknown.String()) {
		t.Errorf("error %q does not name the change %v", err, unknown)
	}
	none(t, queue)
}

func TestNoRoomAppliesChangesAndDoesNotWait(t *testing.T) {
	r, w := suite.Pipe(t)
	queue := newQueue(t)
	suite.Write(t, w)
	if n, err := queue.Control([]kqueue.Event{change(r, kqueue.FilterRead, kqueue.EvAdd)}, nil, -1); n != 0 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := queue.Control(nil, nil, -1); n != 0 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	one(t, queue, r, kqueue.FilterRead)
}

func TestUnknownRegistrations(t *testing.T) {
	r, _ := suite.Pipe(t)
	file := suite.File(t)
	queue := newQueue(t)
	for _, flags := range []kqueue.Flags{kqueue.EvDelete, kqueue.EvEnable, kqueue.EvDisable, 0} {
		fails(t, queue, change(r, kqueue.FilterRead, flags), syscall.ENOENT)
		fails(t, queue, change(r, kqueue.FilterWrite, flags), syscall.ENOENT)
		fails(t, queue, change(file, kqueue.FilterVnode, flags), syscall.ENOENT)
		fails(t, queue, change(1, kqueue.FilterTimer, flags), syscall.ENOENT)
		fails(t, queue, change(int(syscall.SIGUSR1), kqueue.FilterSignal, flags), syscall.ENOENT)
	}
	fails(t, queue, change(os.Getppid(), kqueue.FilterProc, kqueue.EvDelete), syscall.ENOENT, syscall.ESRCH)
	needs(t, change(1, kqueue.FilterUser, kqueue.EvAdd))
	fails(t, queue, change(1, kqueue.FilterUser, kqueue.EvDelete), syscall.ENOENT)
	apply(t, queue, change(1, kqueue.FilterUser, kqueue.EvAdd), change(1, kqueue.FilterUser, kqueue.EvDelete))
	fails(t, queue, change(1, kqueue.FilterUser, kqueue.EvDelete), syscall.ENOENT)
}

func TestBadDescriptors(t *testing.T) {
	queue := newQueue(t)
	closed := suite.ClosedFD(t)
	r, _ := suite.Pipe(t)
	for _, filter := range []kqueue.Filter{kqueue.FilterRead, kqueue.FilterWrite, kqueue.FilterVnode} {
		for _, ident := range []uint64{uint64(closed), math.MaxInt32, 1<<32 | uint64(r), math.MaxUint64, math.MaxUint64 - 1} {
			bad := kqueue.Event{Ident: ident, Filter: filter, Flags: kqueue.EvAdd, Udata: mark}
			fails(t, queue, bad, syscall.EBADF)
			bad.Flags = kqueue.EvDelete
			fails(t, queue, bad, syscall.EBADF)
		}
	}
}

func TestUnknownFilters(t *testing.T) {
	queue := newQueue(t)
	for _, filter := range []kqueue.Filter{100, -100, math.MaxInt16, math.MinInt16} {
		fails(t, queue, change(0, filter, kqueue.EvAdd), syscall.EINVAL)
	}
}

// TestUnknownFlagsAreIgnored sets flags that are reserved or have no meaning.
func TestUnknownFlagsAreIgnored(t *testing.T) {
	r, w := suite.Pipe(t)
	queue := newQueue(t)
	flags := kqueue.EvAdd | kqueue.EvSysFlags
	if !kqueue.Native {
		flags |= 0xf00 // each kernel uses some of these
	}
	apply(t, queue, change(r, kqueue.FilterRead, flags))
	none(t, queue)
	suite.Write(t, w)
	if event := one(t, queue, r, kqueue.FilterRead); event.Flags&(kqueue.EvEOF|kqueue.EvClear) != 0 {
		t.Errorf("event is %v, want none of the flags", event)
	}
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvDelete|kqueue.EvSysFlags))
	none(t, queue)
}

// TestAbsentFiltersAndNotesAreRefused expects an error with the name, and no change to be made.
func TestAbsentFiltersAndNotesAreRefused(t *testing.T) {
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	events := make([]kqueue.Event, 4)
	refused := 0
	for _, name := range absentees() {
		queue := newQueue(t)
		n, err := queue.Control([]kqueue.Event{change(r, kqueue.FilterRead, kqueue.EvAdd), name.change}, events, 0)
		if n != 0 || !errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		refused++
		if !strings.Contains(err.Error(), name.text) {
			t.Errorf("error %q does not name %s", err, name.text)
		}
		none(t, queue)
	}
	if refused == 0 {
		t.Error("nothing was refused, not even FilterNetdev, which no system has")
	}
}

type absentee struct {
	text   string
	change kqueue.Event
}

// absentees returns filters and notes that some system lacks. A system that has one may refuse it
// for another reason, such as a missing file.
func absentees() []absentee {
	const nobody = math.MaxInt32 // no descriptor or process has this number
	list := []absentee{
		{"NoteOpen", noted(nobody, kqueue.FilterVnode, kqueue.EvAdd, kqueue.NoteOpen, 0)},
		{"NoteRead", noted(nobody, kqueue.FilterVnode, kqueue.EvAdd, kqueue.NoteRead, 0)},
		{"NoteRevoke", noted(nobody, kqueue.FilterVnode, kqueue.EvAdd, kqueue.NoteRevoke, 0)},
		{"NoteFork", noted(nobody, kqueue.FilterProc, kqueue.EvAdd, kqueue.NoteFork, 0)},
		{"NoteExec", noted(nobody, kqueue.FilterProc, kqueue.EvAdd, kqueue.NoteExec, 0)},
		{"NoteTrack", noted(nobody, kqueue.FilterProc, kqueue.EvAdd, kqueue.NoteTrack, 0)},
	}
	for _, filter := range []kqueue.Filter{
		kqueue.FilterNetdev, kqueue.FilterExcept, kqueue.FilterFS, kqueue.FilterEmpty, kqueue.FilterProcDesc,
	} {
		list = append(list, absentee{filter.String(), change(nobody, filter, kqueue.EvAdd)})
	}
	return list
}

func TestUdataIsKeptAndReplaced(t *testing.T) {
	r, w := suite.Pipe(t)
	queue := newQueue(t)
	suite.Write(t, w)
	apply(t, queue, change(r, kqueue.FilterRead, kqueue.EvAdd))
	one(t, queue, r, kqueue.FilterRead)
	one(t, queue, r, kqueue.FilterRead)
	again := change(r, kqueue.FilterRead, kqueue.EvAdd)
	for _, udata := range []uint64{0, 1, 0x7fffffff, mark} {
		again.Udata = udata
		apply(t, queue, again)
		if events := wait(t, queue, 4, soon); len(events) != 1 || events[0].Udata != udata {
			t.Errorf("events are %v, want one with the user's %#x", events, udata)
		}
	}
}
