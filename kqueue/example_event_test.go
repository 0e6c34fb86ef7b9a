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

// The filter determines the meaning of Ident and Data.
func ExampleFilter() {
	for _, event := range []kqueue.Event{
		{Ident: 5, Filter: kqueue.FilterRead, Data: 12},
		{Ident: 7, Filter: kqueue.FilterTimer, Data: 3},
	} {
		switch event.Filter {
		case kqueue.FilterRead:
			fmt.Printf("descriptor %d has %d bytes to read\n", event.Ident, event.Data)
		case kqueue.FilterTimer:
			fmt.Printf("timer %d has expired %d times\n", event.Ident, event.Data)
		}
	}
	// Output:
	// descriptor 5 has 12 bytes to read
	// timer 7 has expired 3 times
}

// An event may also have flags of its registration, so test for a single flag.
func ExampleFlags() {
	event := kqueue.Event{Filter: kqueue.FilterRead, Flags: kqueue.EvClear | kqueue.EvEOF}
	fmt.Println(event.Flags&kqueue.EvEOF != 0, event.Flags == kqueue.EvEOF)
	// Output: true false
}

// An event can report several notes.
func ExampleFflags() {
	event := kqueue.Event{Filter: kqueue.FilterVnode, Fflags: kqueue.NoteWrite | kqueue.NoteExtend}
	fmt.Println(event.Fflags&kqueue.NoteExtend != 0, event.Fflags&kqueue.NoteDelete != 0)
	// Output: true false
}

func ExampleFilter_String() {
	fmt.Println(kqueue.FilterSignal, kqueue.Filter(1234))
	// Output: FilterSignal 1234
}

func ExampleFlags_String() {
	fmt.Println(kqueue.EvAdd|kqueue.EvOneShot, kqueue.Flags(0))
	// Output: EvAdd|EvOneShot 0
}

// Notes of different filters have the same numbers. Event.String returns their names.
func ExampleFflags_String() {
	fmt.Println(kqueue.NoteDelete, kqueue.NoteDelete == kqueue.NoteLowat)
	// Output: 0x1 true
}
