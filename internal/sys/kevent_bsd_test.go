//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package sys

import (
	"runtime"
	"testing"
	"unsafe"
)

// The compiler compares the layout with that of x/sys, this test with that of the C headers.
func TestLayoutOfKernelEvents(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the table has the layout of 64-bit systems")
	}
	want := map[string][4]uintptr{ // the size, and the offsets of flags, data and udata
		"darwin":    {32, 10, 16, 24},
		"dragonfly": {32, 10, 16, 24},
		"freebsd":   {64, 10, 16, 24},
		"netbsd":    {40, 12, 24, 32},
		"openbsd":   {32, 10, 16, 24},
	}[runtime.GOOS]
	var event KernelEvent
	got := [4]uintptr{
		unsafe.Sizeof(event), unsafe.Offsetof(event.Flags), unsafe.Offsetof(event.Data), unsafe.Offsetof(event.Udata),
	}
	if got != want {
		t.Errorf("size and offsets of struct kevent are %v, want %v", got, want)
	}
}
