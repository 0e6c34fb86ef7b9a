package fdref_test

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"iomux/internal/fdref"
)

// object is what the Handles of one number share.
type object struct {
	fdref.Descriptor
	released  int
	onRelease func() // may be nil
}

func (o *object) Release(int) error {
	if o.onRelease != nil {
		o.onRelease()
	}
	o.released++
	return nil
}

func (o *object) handle() *fdref.Handle { return &fdref.Handle{Descriptor: &o.Descriptor} }

// keep is the find of a Share that has checked the known object. It makes one if there is none.
func keep(known *object) (*object, error) {
	if known == nil {
		return new(object), nil
	}
	return known, nil
}

func share(t *testing.T, numbers *fdref.Registry[*object], find func(*object) (*object, error)) *object {
	t.Helper()
	o, err := numbers.Share(7, find)
	if err != nil {
		t.Fatal("Share:", err)
	}
	return o
}

func unwoken(int) {}

func TestHandlesOfOneNumberCloseItOnce(t *testing.T) {
	var numbers fdref.Registry[*object]
	o := new(object)
	numbers.Add(7, o)
	if same := share(t, &numbers, keep); same != o {
		t.Error("Share returned another object")
	}
	first, second := o.handle(), o.handle()
	for _, h := range []*fdref.Handle{first, second} {
		if fd, err := h.Acquire(); fd != 7 || err != nil || h.FD() != 7 {
			t.Errorf("Acquire: %d, %v, want 7", fd, err)
		}
	}
	if err := first.Close(unwoken); err != nil || o.released != 0 {
		t.Errorf("Close with two users: %v, released %d times", err, o.released)
	}
	if _, err := numbers.Share(7, keep); err != os.ErrClosed {
		t.Errorf("Share of a closed number with a user: %v, want os.ErrClosed", err)
	}
	if !second.Done() || !first.Done() || o.released != 1 {
		t.Errorf("released %d times, want once", o.released)
	}
	for _, call := range []struct {
		name string
		err  error
		want error
	}{
		{"Gone of the first", first.Gone(), os.ErrClosed},
		{"Close of the first", first.Close(unwoken), os.ErrClosed},
		{"Gone of the second", second.Gone(), fdref.ErrGone},
		{"Close of the second", second.Close(unwoken), fdref.ErrGone},
		{"a second Close of the second", second.Close(unwoken), os.ErrClosed},
	} {
		if call.err != call.want {
			t.Errorf("%s: %v, want %v", call.name, call.err, call.want)
		}
	}
	if fd, err := new(fdref.Handle).Acquire(); fd != -1 || err != os.ErrClosed {
		t.Errorf("Acquire of the zero Handle: %d, %v", fd, err)
	}
	if next := share(t, &numbers, keep); next == o {
		t.Error("Share returned an object whose number was closed")
	}
}

// The program closes a number behind its object, and opens another file with the number.
func TestShareOfAReusedNumber(t *testing.T) {
	var numbers fdref.Registry[*object]
	old := share(t, &numbers, keep)
	fresh := share(t, &numbers, func(*object) (*object, error) { return new(object), nil })
	if fresh == old {
		t.Fatal("Share returned the known object")
	}
	if err := old.handle().Close(unwoken); err != nil {
		t.Error("Close:", err)
	}
	if next := share(t, &numbers, keep); next != fresh {
		t.Error("Close of the old object removed the new one")
	}
}

// A Share during Release must not find the number, which is about to be closed.
func TestShareWaitsForRelease(t *testing.T) {
	var numbers fdref.Registry[*object]
	o := share(t, &numbers, keep)
	var isReleased atomic.Bool
	shared := make(chan bool)
	o.onRelease = func() {
		go func() {
			_, _ = numbers.Share(7, keep) // only its time matters
			shared <- isReleased.Load()
		}()
		time.Sleep(10 * time.Millisecond) // the Share has usually begun after that
		isReleased.Store(true)
	}
	go func() { _ = o.handle().Close(unwoken) }()
	if !<-shared {
		t.Error("Share returned during Release")
	}
}

// Closing an epoll with many members takes milliseconds.
func TestAddDoesNotWaitForRelease(t *testing.T) {
	var numbers fdref.Registry[*object]
	o := share(t, &numbers, keep)
	added := make(chan bool)
	o.onRelease = func() {
		go func() {
			numbers.Add(8, new(object))
			close(added)
		}()
		select {
		case <-added:
		case <-time.After(10 * time.Second):
			t.Error("Add waits for Release of another number")
		}
	}
	if err := o.handle().Close(unwoken); err != nil {
		t.Error("Close:", err)
	}
}

func TestShareReturnsTheErrorOfFind(t *testing.T) {
	var numbers fdref.Registry[*object]
	failure := errors.New("not a queue")
	if _, err := numbers.Share(7, func(*object) (*object, error) { return nil, failure }); err != failure {
		t.Errorf("Share: %v, want the error of find", err)
	}
	if share(t, &numbers, keep) == nil {
		t.Error("Share kept the object of a failed find")
	}
}

func TestErrorsOfAPackage(t *testing.T) {
	closed, gone := errors.New("closed"), errors.New("gone")
	own := fdref.Errors{Closed: closed, Gone: gone}
	for err, want := range map[error]error{
		os.ErrClosed:  closed,
		fdref.ErrGone: gone,
		os.NewSyscallError("kevent", os.ErrClosed): closed,
		syscall.EBADF: syscall.EBADF,
		nil:           nil,
	} {
		if got := own.Of(err); got != want {
			t.Errorf("Of(%v): %v, want %v", err, got, want)
		}
	}
	var errno syscall.Errno
	if !errors.As(fdref.ErrGone, &errno) || errno != syscall.EBADF {
		t.Error("ErrGone does not match EBADF")
	}
}
