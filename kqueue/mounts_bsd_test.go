//go:build dragonfly || freebsd || netbsd

package kqueue_test

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/kqueue"
)

// mountAny mounts a file system that needs no arguments.
func mountAny(t *testing.T, dir string) {
	t.Helper()
	path, err := unix.BytePtrFromString(dir)
	must(t, err)
	for _, kind := range []string{"procfs", "kernfs", "devfs", "tmpfs"} {
		name, err := unix.BytePtrFromString(kind)
		must(t, err)
		_, _, errno := unix.Syscall6(unix.SYS_MOUNT, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(path)), 0, 0, 0, 0)
		if errno == 0 {
			return
		}
		t.Log(kind, errno)
	}
	t.Skip("no file system can be mounted")
}

func TestMountsAndUnmounts(t *testing.T) {
	dir := t.TempDir()
	t.Cleanup(func() { _ = unix.Unmount(dir, 0) }) // if the test fails
	queue := newQueue(t)
	apply(t, queue, noted(0, kqueue.FilterFS, kqueue.EvAdd|kqueue.EvClear, kqueue.NoteMount|kqueue.NoteUnmount, 0))
	for range 2 {
		mountAny(t, dir)
		if event := one(t, queue, 0, kqueue.FilterFS); event.Fflags != kqueue.NoteMount {
			t.Errorf("event is %v, want NoteMount", event)
		}
		none(t, queue)
		must(t, unix.Unmount(dir, 0))
		if event := one(t, queue, 0, kqueue.FilterFS); event.Fflags != kqueue.NoteUnmount {
			t.Errorf("event is %v, want NoteUnmount", event)
		}
		none(t, queue)
	}
}
