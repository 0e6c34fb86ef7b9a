package iomux_test

import (
	"context"
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
func newPaused(t *testing.T) (*iomux.Poller[int], *paused) {
	b := &paused{made: make(chan struct{}, 8), goOn: make(chan struct{})}
	b.proceed = sync.OnceFunc(func() { close(b.goOn) })
	p := poller(t, []iomux.Option{iomux.WithBackend(func() (_ backend.Backend, err error) {
		b.Backend, err = backend.NewEpoll(false)
		return b, err
	})})
	t.Cleanup(b.proceed)
	return p, b
}

func (b *paused) Modify(fd int, before, interest backend.Interest, tag uint32) error {
	var err error
	if b.fails != beforeCall {
		err = b.Backend.Modify(fd, before, interest, tag)
	}
	b.pause()
	if b.fails != never {
		return os.ErrInvalid
	}
	return err
}

func (b *paused) Renew(each func(backend.Move)) error {
	b.renewed++
	return b.Backend.(backend.Renewer).Renew(each)
}

func (b *paused) pause() {
	b.made <- struct{}{}
	<-b.goOn
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

func TestModifyRunsBesideCallsForOtherDescriptors(t *testing.T) {
	p, b := newPaused(t)
	readable, writable := suite.Pipe(t) // two numbers in a row do not share a lock
	first, second := register(t, p, readable, iomux.Readable), register(t, p, writable, iomux.Readable)
	ends := []<-chan error{
		b.start(t, func() error { return first.Modify(iomux.Readable) }),
		b.start(t, func() error { return second.Modify(iomux.Readable) }),
	}
	if n := p.Len(); n != 2 {
		t.Errorf("Len: %d, want 2", n)
	}
	expectNothing(t, p)
	b.proceed()
	for _, end := range ends {
		mustEnd(t, end)
	}
}

// The kernel may report a one-shot event before the call that armed it has returned.
func TestEventDuringModifyIsDelivered(t *testing.T) {
	p, b := newPaused(t)
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
		p, b := newPaused(t)
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
	p, b := newPaused(t)
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
	p, b := newPaused(t)
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
			p, b := newPaused(t)
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
