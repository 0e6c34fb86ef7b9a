package kqueue_test

import (
	"math"
	"slices"
	"syscall"
	"testing"

	"iomux/kqueue"
)

func TestNewEventHasPythonsDefaults(t *testing.T) {
	want := kqueue.Event{Ident: 5, Filter: kqueue.FilterRead, Flags: kqueue.EvAdd}
	if got := kqueue.NewEvent(5); got != want {
		t.Errorf("NewEvent(5) is %v, want %v", got, want)
	}
}

// TestEventsAreOrdered checks that each field outweighs all later ones.
func TestEventsAreOrdered(t *testing.T) {
	ordered := []kqueue.Event{
		{Ident: 1, Filter: -2, Flags: 9, Fflags: 9, Data: 9, Udata: 9},
		{Ident: 1, Filter: 2},
		{Ident: 1, Filter: 2, Data: 1, Udata: 5},
		{Ident: 1, Filter: 2, Data: 1, Udata: 6},
		{Ident: 1, Filter: 2, Data: 2},
		{Ident: 1, Filter: 2, Fflags: 1, Data: -1},
		{Ident: 1, Filter: 2, Fflags: math.MaxUint32, Data: -1},
		{Ident: 1, Filter: 2, Flags: 1},
		{Ident: 2, Filter: -3},
		{Ident: math.MaxUint64, Filter: math.MinInt16},
	}
	for i, a := range ordered {
		for j, b := range ordered {
			if got, want := a.Compare(b), compareInts(i, j); got != want {
				t.Errorf("%v compared with %v is %d, want %d", a, b, got, want)
			}
		}
	}
	if !slices.IsSortedFunc(ordered, kqueue.Event.Compare) {
		t.Error("Compare is not a valid order for package slices")
	}
	if (kqueue.Event{Udata: math.MaxUint64}).Compare(kqueue.Event{}) != -1 {
		t.Error("Udata is not compared as a signed number")
	}
}

func compareInts(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func TestEventsAreFormattedWithNames(t *testing.T) {
	for want, event := range map[string]kqueue.Event{
		"{Ident:5 Filter:FilterRead Flags:EvClear|EvEOF Fflags:NoteLowat Data:-4 Udata:0x10}": {
			Ident: 5, Filter: kqueue.FilterRead, Flags: kqueue.EvClear | kqueue.EvEOF, Fflags: kqueue.NoteLowat, Data: -4, Udata: 16,
		},
		"{Ident:6 Filter:FilterVnode Flags:0 Fflags:NoteDelete|NoteRename|0x4000 Data:0 Udata:0x0}": {
			Ident: 6, Filter: kqueue.FilterVnode, Fflags: kqueue.NoteDelete | kqueue.NoteRename | 0x4000,
		},
		"{Ident:7 Filter:FilterUser Flags:EvAdd Fflags:NoteFFCopy|NoteTrigger|0x7 Data:0 Udata:0x0}": {
			Ident: 7, Filter: kqueue.FilterUser, Flags: kqueue.EvAdd, Fflags: kqueue.NoteFFCopy | kqueue.NoteTrigger | 7,
		},
		"{Ident:8 Filter:99 Flags:EvError|0x100 Fflags:0x1 Data:9(" + syscall.Errno(9).Error() + ") Udata:0x0}": {
			Ident: 8, Filter: 99, Flags: kqueue.EvError | 0x100, Fflags: 1, Data: 9,
		},
		"{Ident:9 Filter:FilterProc Flags:0 Fflags:NoteExit Data:256 Udata:0x0}": {
			Ident: 9, Filter: kqueue.FilterProc, Fflags: kqueue.NoteExit, Data: 256,
		},
		"{Ident:18446744073709551615 Filter:FilterTimer Flags:EvError Fflags:0 Data:-9223372036854775808 Udata:0xffffffffffffffff}": {
			Ident: math.MaxUint64, Filter: kqueue.FilterTimer, Flags: kqueue.EvError, Data: math.MinInt64, Udata: math.MaxUint64,
		},
	} {
		if got := event.String(); got != want {
			t.Errorf("an event is formatted as\n%s, want\n%s", got, want)
		}
	}
	if got := kqueue.NoteExit.String(); got != "0x80000000" {
		t.Errorf("NoteExit is formatted as %s", got)
	}
}

// TestEveryFilterHasItsOwnNumber compares all filters.
func TestEveryFilterHasItsOwnNumber(t *testing.T) {
	seen := make(map[kqueue.Filter]bool)
	for _, filter := range allFilters {
		if seen[filter] {
			t.Errorf("%v has the number of another filter", filter)
		}
		seen[filter] = true
	}
}

var allFilters = []kqueue.Filter{
	kqueue.FilterRead, kqueue.FilterWrite, kqueue.FilterAIO, kqueue.FilterVnode, kqueue.FilterProc, kqueue.FilterNetdev,
	kqueue.FilterSignal, kqueue.FilterTimer, kqueue.FilterUser, kqueue.FilterExcept, kqueue.FilterFS, kqueue.FilterEmpty,
	kqueue.FilterProcDesc,
}
