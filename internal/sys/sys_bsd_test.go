//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sys

import (
	"math"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// The layout is that of the C headers.
func TestLayoutOfKernelEvents(t *testing.T) {
	if wordSize != 8 {
		t.Skip("the table has the layout of 64-bit systems")
	}
	want := map[string][4]uintptr{ // the size, and the offsets of flags, data and udata
		"darwin":    {32, 10, 16, 24},
		"dragonfly": {32, 10, 16, 24},
		"freebsd":   {64, 10, 16, 24},
		"netbsd":    {40, 12, 24, 32},
		"openbsd":   {32, 10, 16, 24},
	}[runtime.GOOS]
	var event unix.Kevent_t
	got := [4]uintptr{
		unsafe.Sizeof(KernelEvent{}), unsafe.Offsetof(event.Flags), unsafe.Offsetof(event.Data),
		unsafe.Offsetof(event.Udata),
	}
	if got != want {
		t.Errorf("size and offsets of struct kevent are %v, want %v", got, want)
	}
}

func TestFieldsOfKernelEvents(t *testing.T) {
	want := kevent.Event{
		Ident: math.MaxUint32 - 1, Filter: -7, Flags: 0x8002, Fflags: 0x80000003, Data: math.MinInt64 + 4,
		Udata: math.MaxUint32 - 5,
	}
	var event KernelEvent
	var got kevent.Event
	event.Set(&want)
	if event.Get(&got); got != want {
		t.Errorf("the fields are %+v, want %+v", got, want)
	}
}
