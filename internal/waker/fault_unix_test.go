//go:build unix

package waker_test

import (
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/test/suite"
	"iomux/internal/waker"
)

// descriptors returns a new waker and its descriptors, beginning with the one to wait on.
func descriptors(t *testing.T) (w *waker.Waker, fds []int) {
	t.Helper()
	w, reader := newWaker(t)
	fds = []int{reader}
	for fd := range 1000 {
		if fd != reader && w.Owns(fd) {
			fds = append(fds, fd)
		}
	}
	return w, fds
}

// replace makes fd a duplicate of other.
func replace(t *testing.T, fd, other int) {
	t.Helper()
	must(t, unix.Close(fd))
	if twin := suite.Duplicate(t, other, fd); twin != fd {
		t.Fatalf("descriptor %d was taken: the duplicate is %d", fd, twin)
	}
}

// A program can close any number. The waker reports it, so that a wait does not spin.
func TestDescriptorClosedByTheProgramIsAnError(t *testing.T) {
	_, fds := descriptors(t)
	for which := range fds {
		w, fds := descriptors(t)
		other := suite.File(t)
		must(t, unix.Close(fds[which]))
		errWake, errClear := w.Wake(), w.Clear()
		// Make the number valid again, so that the end of the test does not close another
		// file.
		suite.Duplicate(t, other, fds[which])
		if errWake == nil && errClear == nil {
			t.Errorf("descriptor %d of %d is closed: neither Wake nor Clear fails", which+1, len(fds))
		}
		if errClear == nil && which == 0 {
			t.Error("the descriptor to wait on is closed: Clear succeeds")
		}
	}
}

// If the number belongs to another file, Wake and Clear fail without blocking.
func TestDescriptorReplacedByTheProgramIsAnError(t *testing.T) {
	w, fds := descriptors(t)
	other := suite.File(t)
	replace(t, fds[0], other)
	if w.Clear() == nil {
		t.Error("Clear succeeds although the descriptor is another file")
	}
}

// A Wake after a failed one tries again.
func TestFailedWakeIsTriedAgain(t *testing.T) {
	w, fds := descriptors(t)
	writer := fds[len(fds)-1]
	saved := suite.Duplicate(t, writer, 0)
	null, err := os.OpenFile(os.DevNull, os.O_RDONLY, 0) // cannot be written
	must(t, err)
	replace(t, writer, int(null.Fd()))
	must(t, null.Close())
	if w.Wake() == nil {
		t.Error("Wake succeeds without a descriptor that can be written")
	}
	replace(t, writer, saved)
	must(t, unix.Close(saved))
	must(t, w.Wake())
	if !readable(t, fds[0], delivery) {
		t.Error("a Wake after a failed one is lost")
	}
	must(t, w.Clear())
}

func TestDescriptorsAreCloseOnExecAndDoNotBlock(t *testing.T) {
	_, fds := descriptors(t)
	if len(slices.Compact(fds)) != len(fds) || len(fds) > 2 {
		t.Errorf("the waker uses the descriptors %v", fds)
	}
	for _, fd := range fds {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("descriptor %d is inherited by children: %v", fd, err)
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
			t.Errorf("descriptor %d blocks: %v", fd, err)
		}
	}
	if !sys.IsOpen(fds[0]) {
		t.Errorf("descriptor %d is not open", fds[0])
	}
}
