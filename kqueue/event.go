package kqueue

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"iomux/internal/bitnames"
)

// Event is struct kevent, Python's select.kevent: a change that is asked for, or an event that is reported.
type Event struct {
	Ident  uint64 // what it is about: a descriptor, a process, a signal, or any number of the caller's; the filter decides
	Filter Filter
	Flags  Flags
	Fflags Fflags // what the filter has to say besides
	Data   int64  // how much, or how often; with EvError an errno
	Udata  uint64 // the caller's, reported as it was given; on a system of 32 bits only those of them
}

// NewEvent makes what Python's select.kevent(ident) makes: the change that registers ident, a descriptor, for reading.
func NewEvent(ident uint64) Event { return Event{Ident: ident, Filter: FilterRead, Flags: EvAdd} }

// Compare orders events as Python does, by Ident, Filter, Flags, Fflags, Data and Udata in turn: it is negative, zero or
// positive as e is less than, equal to or greater than other. Udata counts as Python has it, as a signed number.
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

// String writes every field as people write it: {Ident:5 Filter:FilterRead Flags:EvClear|EvEOF Fflags:0 Data:4 Udata:0x0}.
// The data of an error is followed by what the errno means.
func (e Event) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "{Ident:%d Filter:%v Flags:%v Fflags:%s Data:%d",
		e.Ident, e.Filter, e.Flags, bitnames.Format(uint64(e.Fflags), noteNames[e.Filter]), e.Data)
	if e.Flags&EvError != 0 && e.Data > 0 && int64(syscall.Errno(e.Data)) == e.Data {
		fmt.Fprintf(&text, "(%v)", syscall.Errno(e.Data))
	}
	fmt.Fprintf(&text, " Udata:%#x}", e.Udata)
	return text.String()
}

// String is the filter's name, or its number where it has none.
func (f Filter) String() string {
	for _, name := range filterNames {
		if name.filter == f {
			return name.text
		}
	}
	return strconv.Itoa(int(f))
}

// String is the flags' names joined by |, bits without a name in hexadecimal, and 0 for none.
func (f Flags) String() string { return bitnames.Format(uint64(f), flagNames) }

// String is the notes as a hexadecimal number: their names depend on the filter.
func (f Fflags) String() string { return fmt.Sprintf("%#x", uint32(f)) }
