package kqueue

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"iomux/internal/bitnames"
	"iomux/internal/kevent"
)

// Event is struct kevent, Python's select.kevent: a change or a reported event.
type Event struct {
	Ident  uint64 // a descriptor, a process, a signal or a number, depending on the filter
	Filter Filter
	Flags  Flags
	Fflags Fflags // notes of the filter
	Data   int64  // a size, a count or a time, depending on the filter; with EvError an errno
	Udata  uint64 // data of the caller, returned unchanged; 32-bit systems keep the low 32 bits
}

// NewEvent returns the change that registers the descriptor ident for reading, as Python's
// select.kevent(ident) does.
func NewEvent(ident uint64) Event { return Event{Ident: ident, Filter: FilterRead, Flags: EvAdd} }

// Compare orders events as Python does, by Ident, Filter, Flags, Fflags, Data and Udata in turn. It
// returns a negative number, zero or a positive number if e is less than, equal to or greater than
// other. Udata is compared as a signed number.
func (e Event) Compare(other Event) int {
	return cmp.Or(
		cmp.Compare(e.Ident, other.Ident),
		cmp.Compare(e.Filter, other.Filter),
		cmp.Compare(e.Flags, other.Flags),
		cmp.Compare(e.Fflags, other.Fflags),
		cmp.Compare(e.Data, other.Data),
		cmp.Compare(int64(e.Udata), int64(other.Udata)),
	)
}

// String returns the fields by name: {Ident:5 Filter:FilterRead Flags:EvClear|EvEOF Fflags:0 Data:4
// Udata:0x0}. With EvError, the text of the errno follows Data.
func (e Event) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "{Ident:%d Filter:%v Flags:%v Fflags:%s Data:%d",
		e.Ident, e.Filter, e.Flags, bitnames.Format(uint64(e.Fflags), notesOf(e.Filter)), e.Data)
	if e.Flags&EvError != 0 && e.Data > 0 && int64(syscall.Errno(e.Data)) == e.Data {
		fmt.Fprintf(&text, "(%v)", syscall.Errno(e.Data))
	}
	fmt.Fprintf(&text, " Udata:%#x}", e.Udata)
	return text.String()
}

// String returns the name of the filter, or its number if it has none.
func (f Filter) String() string {
	for _, known := range filters {
		if known.filter == f {
			return known.text
		}
	}
	return number(f)
}

func number(f Filter) string { return strconv.Itoa(int(f)) }

// String returns the names joined by |, with unknown bits in hexadecimal. It returns 0 for no
// flags.
func (f Flags) String() string { return bitnames.Format(uint64(f), flagNames) }

// String returns the notes as a hexadecimal number, because their names depend on the filter.
// [Event.String] returns the names.
func (f Fflags) String() string { return fmt.Sprintf("%#x", uint32(f)) }

// toRaw returns the same list with the type of the internal packages.
func toRaw(events []Event) []kevent.Event {
	return unsafe.Slice((*kevent.Event)(unsafe.Pointer(unsafe.SliceData(events))), len(events))
}

func fromRaw(event kevent.Event) Event { return *(*Event)(unsafe.Pointer(&event)) }

// Event and kevent.Event have the same layout.
const _ = -(unsafe.Sizeof(Event{}) ^ unsafe.Sizeof(kevent.Event{})) -
	(unsafe.Offsetof(Event{}.Filter) ^ unsafe.Offsetof(kevent.Event{}.Filter)) -
	(unsafe.Offsetof(Event{}.Flags) ^ unsafe.Offsetof(kevent.Event{}.Flags)) -
	(unsafe.Offsetof(Event{}.Fflags) ^ unsafe.Offsetof(kevent.Event{}.Fflags)) -
	(unsafe.Offsetof(Event{}.Data) ^ unsafe.Offsetof(kevent.Event{}.Data)) -
	(unsafe.Offsetof(Event{}.Udata) ^ unsafe.Offsetof(kevent.Event{}.Udata))
