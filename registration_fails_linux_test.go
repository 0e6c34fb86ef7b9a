package iomux_test

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/backend"
	"iomux/internal/test/suite"
)

// failingBackend refuses every descriptor after during has run.
type failingBackend struct {
	backend.Backend
	during    func()
	forgotten []int
	asleep    func(owner backend.Owner)
}

func (b *failingBackend) Add(fd int, interest backend.Interest, tag uint32) error {
	if b.during == nil {
		return b.Backend.Add(fd, interest, tag)
	}
	if err := b.Backend.Add(fd, interest, tag); err != nil {
		return err
	}
	b.during()
	b.Remove(fd, interest)
	return unix.ENOSPC
}

func (b *failingBackend) Forget(fd int, interest backend.Interest) {
	b.forgotten = append(b.forgotten, fd)
	b.Backend.Forget(fd, interest)
}

func (b *failingBackend) Sleep(batch *backend.Batch, timeout time.Duration, owner backend.Owner) error {
	if b.asleep != nil {
		b.asleep(owner)
	}
	return b.Backend.Sleep(batch, timeout, owner)
}

// The mechanism refuses a descriptor after a wait has found it in the table, and has taken an event
// of it. Nothing of the registration is left.
func TestFailedRegisterLeavesNothing(t *testing.T) {
	b := new(failingBackend)
	p := poller(t, []iomux.Option{iomux.WithBackend(func() (_ backend.Backend, err error) {
		b.Backend, err = backend.NewEpoll(true)
		return b, err
	})})
	first, _ := suite.Pipe(t)
	register(t, p, first, iomux.Readable)
	fd, w := suite.Pipe(t)
	suite.Write(t, w)
	var reported iomux.Event[int]
	b.during = func() {
		var events [1]iomux.Event[int]
		if n, err := p.WaitTimeout(events[:], 0); n != 1 || err != nil {
			t.Errorf("a wait during Register: %d, %v, want one event", n, err)
		}
		reported = events[0]
	}
	if r, err := p.RegisterFD(fd, iomux.Readable, fd); r != nil || !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("RegisterFD: %v, %v, want ENOSPC", r, err)
	}
	if n := p.Len(); n != 1 {
		t.Errorf("Len is %d, want 1", n)
	}
	for call, err := range map[string]error{
		"Modify": reported.Registration.Modify(iomux.Writable), "Unregister": reported.Registration.Unregister(),
	} {
		if !errors.Is(err, iomux.ErrNotRegistered) {
			t.Errorf("%s of the event's Registration: %v, want ErrNotRegistered", call, err)
		}
	}
	if len(b.forgotten) != 1 || b.forgotten[0] != fd {
		t.Errorf("the mechanism has forgotten %v, want descriptor %d", b.forgotten, fd)
	}
	var found []int
	b.asleep = func(owner backend.Owner) {
		owner.Inspect(0, func(int) bool { return true }, func(fd int) { found = append(found, fd) })
	}
	if n, err := p.WaitTimeout(make([]iomux.Event[int], 1), time.Millisecond); n != 0 || err != nil {
		t.Errorf("a wait after Register: %d, %v, want no event", n, err)
	}
	if len(found) != 1 || found[0] != first {
		t.Errorf("the table has %v, want descriptor %d", found, first)
	}
}
