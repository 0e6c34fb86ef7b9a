//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// newFile creates a file of the given size, and opens it at its start.
func newFile(t testing.TB, size int) (path string, fd int) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, make([]byte, size), 0o600))
	return path, open(t, path, unix.O_RDWR)
}

func open(t testing.TB, path string, flags int) int {
	t.Helper()
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	must(t, err)
	leak.Opened(fd)
	suite.CloseAtEnd(t, fd)
	return fd
}

// extend appends to the file with another descriptor.
func extend(t testing.TB, path string, bytes int) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = file.Write(make([]byte, bytes))
	must(t, err)
	must(t, file.Close())
}

func readFile(t testing.TB, fd, bytes int) {
	t.Helper()
	if n, err := unix.Read(fd, make([]byte, bytes)); n != bytes || err != nil {
		t.Fatalf("read of %d bytes: %d, %v", bytes, n, err)
	}
}

func TestFileIsReadableUntilItsEnd(t *testing.T) {
	path, fd := newFile(t, 10)
	queue := newQueue(t)
	apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvAdd))
	for range 2 {
		if event := one(t, queue, fd, kqueue.FilterRead); event.Data != 10 {
			t.Errorf("event is %v, want 10 bytes", event)
		}
	}
	readFile(t, fd, 4)
	if event := one(t, queue, fd, kqueue.FilterRead); event.Data != 6 {
		t.Errorf("event is %v, want 6 bytes", event)
	}
	readFile(t, fd, 6)
	none(t, queue)
	for _, n := range []int{3, 5} {
		extend(t, path, n)
		if event := one(t, queue, fd, kqueue.FilterRead); event.Data != int64(n) {
			t.Errorf("event is %v, want %d bytes", event, n)
		}
		readFile(t, fd, n)
		none(t, queue)
	}
	apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvDelete))
	extend(t, path, 1)
	none(t, queue)
}

func TestFileIsFollowedThroughRenameAndRemoval(t *testing.T) {
	path, fd := newFile(t, 0)
	writer := open(t, path, unix.O_WRONLY|unix.O_APPEND)
	queue := newQueue(t)
	apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvAdd))
	none(t, queue)
	must(t, os.Rename(path, path+".new"))
	write(t, writer, 2)
	one(t, queue, fd, kqueue.FilterRead)
	readFile(t, fd, 2)
	none(t, queue)
	must(t, os.Remove(path+".new"))
	write(t, writer, 1)
	one(t, queue, fd, kqueue.FilterRead)
}

func TestClearReportsOnceThatAFileGrew(t *testing.T) {
	path, fd := newFile(t, 1)
	queue := newQueue(t)
	apply(t, queue, change(fd, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear))
	one(t, queue, fd, kqueue.FilterRead)
	none(t, queue)
	extend(t, path, 1)
	if event := one(t, queue, fd, kqueue.FilterRead); event.Data != 2 {
		t.Errorf("event is %v, want 2 bytes", event)
	}
	none(t, queue)
}

func TestFileIsAlwaysWritable(t *testing.T) {
	_, fd := newFile(t, 0)
	queue := newQueue(t)
	apply(t, queue, change(fd, kqueue.FilterWrite, kqueue.EvAdd))
	one(t, queue, fd, kqueue.FilterWrite)
	one(t, queue, fd, kqueue.FilterWrite)
	apply(t, queue, change(fd, kqueue.FilterWrite, kqueue.EvDisable))
	none(t, queue)
	apply(t, queue, change(fd, kqueue.FilterWrite, kqueue.EvDelete), change(fd, kqueue.FilterWrite, kqueue.EvAdd|kqueue.EvOneShot))
	one(t, queue, fd, kqueue.FilterWrite)
	none(t, queue)
}
