package iomux_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/backend"
	"iomux/internal/test/suite"
)

// paused is an epoll whose calls stop before they return.
type paused struct {
	backend.Backend
	stops   string        // the name of the calls that stop
	made    chan struct{} // a call was made
	goOn    chan struct{} // closed by proceed
	proceed func()
	fails   failure // of Modify
	renewed int     // calls of Renew
}

// failure is a moment at which Modify fails.
type failure int

const (
	never failure = iota
	beforeCall
	afterCall
)

// newPaused returns a Poller on a paused backend.
func newPaused(t *testing.T, stops string) (*iomux.Poller[int], *paused) {
	b := &paused{made: make(chan struct{}, 8), goOn: make(chan struct{})}
	b.proceed = sync.OnceFunc(func() { close(b.goOn) })
	p := poller(t, []iomux.Option{iomux.WithBackend(func() (_ backend.Backend, err error) {
		b.Backend, err = backend.NewEpoll(false)
		return b, err
	})})
	t.Cleanup(b.proceed)
	// The first descriptor of a page of the table is registered with the Poller's lock held.
	fd, _ := suite.Pipe(t)
	must(t, register(t, p, fd, iomux.Readable).Unregister())
	b.stops = stops
	return p, b
}

func (b *paused) Modify(fd int, before, interest backend.Interest, tag uint32) error {
	var err error
	if b.fails != beforeCall {
		err = b.Backend.Modify(fd, before, interest, tag)
	}
	b.pause("Modify")
	if b.fails != never {
		return os.ErrInvalid
	}
	return err
}

func (b *paused) Add(fd int, interest backend.Interest, tag uint32) error {
	err := b.Backend.Add(fd, interest, tag)
	b.pause("Add")
	return err
}

func (b *paused) Remove(fd int, interest backend.Interest) (removed bool) {
	removed = b.Backend.Remove(fd, interest)
	b.pause("Remove")
	return removed
}

func (b *paused) Renew(each func(backend.Move)) error {
	b.renewed++
	return b.Backend.(backend.Renewer).Renew(each)
}

func (b *paused) pause(call string) {
	if b.stops == call {
		b.made <- struct{}{}
		<-b.goOn
	}
}

// start runs call until it stops in the backend. The returned channel receives its result.
func (b *paused) start(t *testing.T, call func() error) <-chan error {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- call() }()
	select {
	case <-b.made:
	case <-time.After(soon):
		t.Fatal("the call waits for another one")
	}
	return result
}

// mustEnd fails the test if a call does not succeed.
func mustEnd(t *testing.T, result <-chan error) {
	t.Helper()
	select {
	case err := <-result:
		must(t, err)
	case <-time.After(soon):
		t.Error("the call does not return")
	}
}

// spent returns a registration of a readable pipe whose one-shot event was taken.
func spent(t *testing.T, p *iomux.Poller[int]) *iomux.Registration[int] {
	t.Helper()
	fd, w := suite.Pipe(t)
	r := register(t, p, fd, iomux.Readable|iomux.OneShot)
	_, err := unix.Write(w, []byte{1})
	must(t, err)
	expect(t, p, r, iomux.Readable)
	return r
}

func rearm(r *iomux.Registration[int]) func() error {
	return func() error { return r.Modify(iomux.Readable | iomux.OneShot) }
}

func TestChangesOfDifferentDescriptorsRunSideBySide(t *testing.T) {
	for _, stops := range []string{"Add", "Modify", "Remove"} {
		t.Run(stops, func(t *testing.T) {
			p, b := newPaused(t, stops)
			readable, writable := suite.Pipe(t) // two numbers in a row have two locks
			var ends []<-chan error
			for _, fd := range []int{readable, writable} {
				ends = append(ends, b.start(t, func() error {
					r, err := p.RegisterFD(fd, iomux.Readable, fd)
					if err == nil {
						err = r.Modify(iomux.Readable)
					}
					if err == nil {
						err = r.Unregister()
					}
					return err
				}))
			}
			expectNothing(t, p)
			b.proceed()
			for _, end := range ends {
				mustEnd(t, end)
			}
			if n := p.Len(); n != 0 {
				t.Errorf("Len: %d, want 0", n)
			}
		})
	}
}

// Calls for the same descriptor wait for each other. The second registration is therefore refused,
// and a registration after Unregister is not removed with the former one.
func TestChangesOfOneDescriptorTakeTurns(t *testing.T) {
	for _, stops := range []string{"Add", "Remove"} {
		t.Run(stops, func(t *testing.T) {
			p, b := newPaused(t, stops)
			fd, w := suite.Pipe(t)
			suite.Write(t, w)
			change := func() error {
				_, err := p.RegisterFD(fd, iomux.Readable, 1)
				return err
			}
			want := iomux.ErrRegistered
			if stops == "Remove" {
				change, want = register(t, p, fd, iomux.Readable).Unregister, nil
			}
			end := b.start(t, change)
			second := make(chan error, 1)
			go func() {
				_, err := p.RegisterFD(fd, iomux.Readable, 2)
				second <- err
			}()
			select {
			case err := <-second:
				t.Errorf("Register returned %v during another call", err)
			case <-time.After(quiet):
			}
			b.proceed()
			mustEnd(t, end)
			if err := <-second; !errors.Is(err, want) {
				t.Errorf("Register: %v, want %v", err, want)
			}
			var events [1]iomux.Event[int]
			if n, err := p.WaitTimeout(events[:], soon); n != 1 || err != nil {
				t.Errorf("events are %+v, %v", events[:n], err)
			}
		})
	}
}

// The kernel may report an event before the call that registers its descriptor has returned.
func TestEventDuringRegisterIsDelivered(t *testing.T) {
	p, b := newPaused(t, "Add")
	fd, w := suite.Pipe(t)
	suite.Write(t, w)
	var r *iomux.Registration[int]
	end := b.start(t, func() (err error) {
		r, err = p.RegisterFD(fd, iomux.Readable|iomux.OneShot, fd)
		return err
	})
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	var event iomux.Event[int]
	var err error
	for event, err = range p.Events(ctx) {
		must(t, err)
		break
	}
	b.proceed()
	mustEnd(t, end)
	if event.Registration != r || event.Key != fd {
		t.Errorf("event is %+v, want one of %p", event, r)
	}
}

// A Wait during Unregister does not report the source any more.
func TestNoEventDuringUnregister(t *testing.T) {
	p, b := newPaused(t, "Remove")
	fd, w := suite.Pipe(t)
	r := register(t, p, fd, iomux.Readable)
	suite.Write(t, w)
	end := b.start(t, r.Unregister)
	expectNothing(t, p)
	b.proceed()
	mustEnd(t, end)
}

// The kernel may report a one-shot event before the call that armed it has returned.
func TestEventDuringModifyIsDelivered(t *testing.T) {
	p, b := newPaused(t, "Modify")
	r := spent(t, p)
	end := b.start(t, rearm(r))
	expect(t, p, r, iomux.Readable)
	expectNothing(t, p) // one shot
	b.proceed()
	mustEnd(t, end)
	expectNothing(t, p)
}

// An event that was taken during a Modify belongs to it, so it stays valid afterwards.
func TestEventDuringModifyStaysValid(t *testing.T) {
	for _, fails := range []failure{never, afterCall} {
		p, b := newPaused(t, "Modify")
		b.fails = fails
		first, second := spent(t, p), spent(t, p)
		ends := []<-chan error{b.start(t, rearm(first)), b.start(t, rearm(second))}
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		events := 0
		for _, err := range p.Events(ctx) {
			must(t, err)
			if events++; events == 2 {
				break
			}
			b.proceed()
			for _, end := range ends {
				if err := <-end; (err != nil) != (fails == afterCall) {
					t.Errorf("Modify: %v", err)
				}
			}
		}
		cancel()
		expectNothing(t, p)
	}
}

func TestModifyThatFailsLeavesTheRegistrationUnchanged(t *testing.T) {
	p, b := newPaused(t, "Modify")
	fd, w := suite.Pipe(t)
	r := register(t, p, fd, iomux.Readable|iomux.OneShot)
	_, err := unix.Write(w, []byte{1})
	must(t, err)
	b.fails = beforeCall
	b.proceed()
	isErr(t, r.Modify(iomux.Writable), os.ErrInvalid)
	expect(t, p, r, iomux.Readable)
}

// A renewal moves the registrations, so it does not happen during a Modify. Waits do not wait for
// it either.
func TestNoRenewalDuringModify(t *testing.T) {
	p, b := newPaused(t, "Modify")
	r := spent(t, p)
	closed, w := suite.Pipe(t)
	orphan := register(t, p, closed, iomux.Readable)
	suite.High(t, closed, 300)
	suite.Close(t, closed)
	must(t, orphan.Unregister())
	_, err := unix.Write(w, []byte{1})
	must(t, err)
	end := b.start(t, rearm(r))
	expect(t, p, r, iomux.Readable)
	const enough = 100 // waits that find only the orphan
	for range enough {
		if n, err := p.WaitTimeout(make([]iomux.Event[int], 2), 0); n != 0 || err != nil {
			t.Fatalf("wait: %d, %v", n, err)
		}
	}
	if b.renewed != 0 {
		t.Errorf("%d renewals during a Modify", b.renewed)
	}
	b.proceed()
	mustEnd(t, end)
	for range enough {
		_, err := p.WaitTimeout(make([]iomux.Event[int], 2), 0)
		must(t, err)
	}
	if b.renewed != 1 {
		t.Errorf("%d renewals after the Modify, want 1", b.renewed)
	}
	must(t, r.Modify(iomux.Readable))
	expect(t, p, r, iomux.Readable)
}

func TestUnregisterAndCloseWaitForModify(t *testing.T) {
	for name, end := range map[string]func(*iomux.Poller[int], *iomux.Registration[int]) error{
		"Unregister": func(_ *iomux.Poller[int], r *iomux.Registration[int]) error { return r.Unregister() },
		"Close":      func(p *iomux.Poller[int], _ *iomux.Registration[int]) error { return p.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			p, b := newPaused(t, "Modify")
			r := spent(t, p)
			modified := b.start(t, rearm(r))
			ended := make(chan error, 1)
			go func() { ended <- end(p, r) }()
			select {
			case err := <-ended:
				t.Errorf("%s returned %v during a Modify", name, err)
			case <-time.After(quiet):
			}
			b.proceed()
			mustEnd(t, modified)
			mustEnd(t, ended)
		})
	}
}
