//go:build cgo

package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"iomux/epoll"
	"iomux/poll"
)

func TestCodeIsTheErrno(t *testing.T) {
	err := fmt.Errorf("around it: %w", os.NewSyscallError("epoll_ctl", syscall.EEXIST))
	if got := code(err); got != int32(syscall.EEXIST) {
		t.Errorf("got %d, want %d", got, syscall.EEXIST)
	}
	if got := code(nil); got != 0 {
		t.Errorf("code(nil) = %d, want 0", got)
	}
	if got := count(7, nil); got != 7 {
		t.Errorf("got a count of %d, want 7", got)
	}
	if got := count(0, err); got != -int32(syscall.EEXIST) {
		t.Errorf("got a count of %d, want %d", got, -int32(syscall.EEXIST))
	}
}

func TestCodesWithoutErrnoAreLargerThanAnyErrno(t *testing.T) {
	seen := make(map[int32]bool)
	for _, err := range []error{os.ErrClosed, poll.ErrNotRegistered, errors.New("unknown")} {
		number := code(err)
		if number <= 4095 || seen[number] {
			t.Errorf("code(%v) = %d, want a number of its own above 4095", err, number)
		}
		seen[number] = true
	}
}

func TestPanicBecomesAFailure(t *testing.T) {
	panics := func() (answer int32) {
		defer recovered(&answer, 7)
		panic("in a package")
	}
	if got := panics(); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
}

func TestObjectsAreKeptUntilForgotten(t *testing.T) {
	var number uintptr
	var fd int32
	before := len(kept.pins)
	if answer := iomux_epoll_new(&number, &fd); answer != 0 {
		t.Fatal(syscall.Errno(answer))
	}
	object := *(*unsafe.Pointer)(unsafe.Pointer(&number)) // as C passes it back
	if (*epoll.Poller)(object).FD() != int(fd) || len(kept.pins) != before+1 {
		t.Errorf("the object is not kept, or its descriptor is not %d", fd)
	}
	if answer := iomux_epoll_close(object); answer != 0 {
		t.Error(syscall.Errno(answer))
	}
	iomux_forget(object)
	iomux_forget(object)
	if len(kept.pins) != before {
		t.Error("the object is still kept")
	}
}
