package kqueue_test

import (
	"fmt"
	"slices"

	"iomux/kqueue"
)

func ExampleNewEvent() {
	fmt.Println(kqueue.NewEvent(5))
	// Output: {Ident:5 Filter:FilterRead Flags:EvAdd Fflags:0 Data:0 Udata:0x0}
}

func ExampleEvent() {
	event := kqueue.Event{Ident: 3, Filter: kqueue.FilterVnode, Flags: kqueue.EvClear, Fflags: kqueue.NoteWrite | kqueue.NoteExtend}
	fmt.Println(event.Fflags&kqueue.NoteExtend != 0)
	fmt.Println(event)
	// Output:
	// true
	// {Ident:3 Filter:FilterVnode Flags:EvClear Fflags:NoteWrite|NoteExtend Data:0 Udata:0x0}
}

func ExampleEvent_Compare() {
	events := []kqueue.Event{{Ident: 2}, {Ident: 1, Data: 4}, {Ident: 1}}
	slices.SortFunc(events, kqueue.Event.Compare)
	for _, event := range events {
		fmt.Println(event.Ident, event.Data)
	}
	// Output:
	// 1 0
	// 1 4
	// 2 0
}

func ExampleFilter_String() {
	fmt.Println(kqueue.FilterSignal, kqueue.Filter(1234))
	// Output: FilterSignal 1234
}

func ExampleFlags_String() {
	fmt.Println(kqueue.EvAdd|kqueue.EvOneShot, kqueue.Flags(0))
	// Output: EvAdd|EvOneShot 0
}

// The notes of different filters have the same numbers: only an Event knows the names.
func ExampleFflags_String() {
	fmt.Println(kqueue.NoteDelete, kqueue.NoteDelete == kqueue.NoteLowat)
	// Output: 0x1 true
}
