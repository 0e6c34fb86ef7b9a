package fdref_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"iomux/internal/fdref"
)

func TestLastUserReleases(t *testing.T) {
	var d fdref.Descriptor
	released, woken := 0, 0
	d.Set(7, func(int) error { released++; return os.ErrInvalid })
	fd, err := d.Acquire()
	if fd != 7 || err != nil || d.FD() != 7 {
		t.Fatalf("Acquire: %d, %v", fd, err)
	}
	if err := d.Close(func(int) { woken++ }); err != nil || woken != 1 || released != 0 {
		t.Errorf("Close with a user: %v, woken %d, released %d", err, woken, released)
	}
	if fd, err := d.Acquire(); fd != -1 || err != os.ErrClosed || d.FD() != -1 {
		t.Errorf("Acquire after Close: %d, %v", fd, err)
	}
	if err := d.Close(func(int) { woken++ }); err != os.ErrClosed || woken != 1 {
		t.Errorf("second Close: %v", err)
	}
	if !d.Done() || released != 1 {
		t.Errorf("the last user released %d times", released)
	}
}

func TestOnlyTheLastOfTwoUsersReleases(t *testing.T) {
	var d fdref.Descriptor
	released := 0
	d.Set(7, func(int) error { released++; return nil })
	for range 2 {
		if _, err := d.Acquire(); err != nil {
			t.Fatal("Acquire:", err)
		}
	}
	if err := d.Close(func(int) {}); err != nil {
		t.Error("Close:", err)
	}
	for i, want := range []int{0, 1} {
		if isClosed := d.Done(); !isClosed || released != want {
			t.Errorf("user %d: closed %v, released %d times, want %d", i+1, isClosed, released, want)
		}
	}
}

func TestCloseWithoutUsers(t *testing.T) {
	var d fdref.Descriptor
	failure := errors.New("release")
	d.Set(7, func(int) error { return failure })
	if _, err := d.Acquire(); err != nil || d.Done() {
		t.Fatal("Acquire and Done before Close")
	}
	if err := d.Close(func(int) { t.Error("Close calls wake although there is no user") }); err != failure {
		t.Errorf("Close: %v, want the error of release", err)
	}
}

func TestZeroValueIsClosed(t *testing.T) {
	var d fdref.Descriptor
	if _, err := d.Acquire(); err != os.ErrClosed || d.FD() != -1 || d.Close(nil) != os.ErrClosed {
		t.Errorf("Acquire of the zero value: %v", err)
	}
}

func TestDescriptorIsReleasedOnce(t *testing.T) {
	for range 1000 {
		var d fdref.Descriptor
		var released, inUse atomic.Int32
		d.Set(7, func(int) error {
			if inUse.Load() != 0 {
				t.Error("released while in use")
			}
			released.Add(1)
			return nil
		})
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := d.Acquire(); err == nil {
					inUse.Add(1)
					inUse.Add(-1)
					d.Done()
				}
			})
			all.Go(func() { _ = d.Close(func(int) {}) })
		}
		all.Wait()
		if n := released.Load(); n != 1 {
			t.Fatalf("released %d times", n)
		}
	}
}
