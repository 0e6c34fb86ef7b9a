//go:build unix || windows

package iomux_test

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/suite"
)

const (
	soon  = 30 * time.Second      // ends a test that would otherwise hang
	quiet = 20 * time.Millisecond // how long an event must not arrive
)

// onEach runs a test with a Poller of each backend, in parallel.
func onEach(t *testing.T, test func(*testing.T, *iomux.Poller[int])) {
	for name, opts := range backends() {
		t.Run(name, func(t *testing.T) {
			suite.Parallel(t)
			test(t, poller(t, opts))
		})
	}
}

// inTurn runs a test with a Poller of one backend after the other. The test changes or counts
// something of the process, or needs a closed number to stay unused.
func inTurn(t *testing.T, test func(*testing.T, *iomux.Poller[int])) {
	for name, opts := range backends() {
		t.Run(name, func(t *testing.T) { test(t, poller(t, opts)) })
	}
}

var must = suite.Must

func register(t testing.TB, p *iomux.Poller[int], src any, interest iomux.Interest) *iomux.Registration[int] {
	t.Helper()
	key := -1
	if fd, ok := src.(int); ok {
		key = fd
	}
	r, err := p.Register(src, interest, key)
	must(t, err)
	return r
}

// expect waits for one event of r.
func expect(t testing.TB, p *iomux.Poller[int], r *iomux.Registration[int], ready iomux.Interest) iomux.Event[int] {
	t.Helper()
	var events [4]iomux.Event[int]
	n, err := p.WaitTimeout(events[:], soon)
	if err != nil || n != 1 || events[0].Registration != r || events[0].Ready&ready != ready {
		t.Fatalf("events are %+v, %v, want %v of %p", events[:n], err, ready, r)
	}
	return events[0]
}

func expectNothing(t testing.TB, p *iomux.Poller[int]) {
	t.Helper()
	var events [4]iomux.Event[int]
	for _, timeout := range []time.Duration{0, quiet} {
		if n, err := p.WaitTimeout(events[:], timeout); n != 0 || err != nil {
			t.Fatalf("after %v events are %+v, %v, want none", timeout, events[:n], err)
		}
	}
}

func TestWakeBeforeWait(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		for range 3 { // combined into one wake-up
			must(t, p.Wake())
		}
		var events [1]iomux.Event[int]
		if n, err := p.WaitTimeout(events[:], soon); n != 0 || err != nil {
			t.Errorf("the wait returned %d, %v", n, err)
		}
		expectNothing(t, p)
		must(t, p.Wake())
		if n, err := p.WaitTimeout(events[:], 0); n != 0 || err != nil {
			t.Errorf("the wait returned %d, %v", n, err)
		}
		expectBlocks(t, p)
	})
}

// expectBlocks checks that no wake-up is pending.
func expectBlocks(t *testing.T, p *iomux.Poller[int]) {
	t.Helper()
	start := time.Now()
	expectNothing(t, p)
	if time.Since(start) < quiet {
		t.Error("a wait ended before its timeout")
	}
}

func TestWakeReturnsWhatIsReady(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		r := register(t, p, fd, iomux.Readable)
		writer := register(t, p, w, iomux.Writable)
		must(t, p.Wake())
		expect(t, p, writer, iomux.Writable)
		must(t, writer.Unregister())
		suite.Write(t, w)
		must(t, p.Wake())
		expect(t, p, r, iomux.Readable)
		suite.Drain(t, fd)
		expectBlocks(t, p)
	})
}

// Each Wake ends exactly one of many waits.
func TestWakeEndsOneWait(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		const waiters = 8
		woken := make(chan error)
		for range waiters {
			go func() {
				var events [1]iomux.Event[int]
				_, err := p.Wait(context.Background(), events[:])
				woken <- err
			}()
		}
		for range waiters {
			must(t, p.Wake())
			must(t, <-woken)
			select {
			case err := <-woken:
				t.Fatal("one Wake ended two waits:", err)
			case <-time.After(quiet / 4):
			}
		}
	})
}

// No Wake is lost, even if many goroutines call it at the same time.
func TestWakeIsNotLost(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		for range 2000 {
			done := make(chan error)
			go func() {
				var events [1]iomux.Event[int]
				_, err := p.Wait(context.Background(), events[:])
				done <- err
			}()
			must(t, p.Wake())
			must(t, <-done)
		}
	})
}

func TestClosedAndZeroPoller(t *testing.T) {
	closed, err := iomux.New[int]()
	must(t, err)
	fd, _ := suite.Pipe(t)
	r := register(t, closed, fd, iomux.Readable)
	must(t, closed.Close())
	for _, p := range []*iomux.Poller[int]{closed, new(iomux.Poller[int])} {
		var events [1]iomux.Event[int]
		_, errWait := p.Wait(context.Background(), events[:])
		_, errTimeout := p.WaitTimeout(nil, 0)
		_, errRegister := p.Register(fd, iomux.Readable, 0)
		_, errFD := p.RegisterFD(-1, iomux.Readable, 0)
		_, errTimer := p.RegisterTimer(time.Second, 0)
		_, errSignal := p.RegisterSignal(os.Interrupt, 0)
		for _, err := range []error{errWait, errTimeout, errRegister, errFD, errTimer, errSignal, p.Wake(), p.Close()} {
			isErr(t, err, os.ErrClosed)
		}
		if p.Len() != 0 {
			t.Errorf("Len is %d", p.Len())
		}
	}
	isErr(t, r.Modify(iomux.Readable), os.ErrClosed)
	isErr(t, r.Unregister(), os.ErrClosed)
	var zero iomux.Registration[int]
	isErr(t, zero.Modify(iomux.Readable), syscall.ENOENT)
	isErr(t, zero.Unregister(), syscall.ENOENT)
}

func TestNilOptionChangesNothing(t *testing.T) {
	if p, want := poller(t, []iomux.Option{nil}), poller(t, nil); p.Mechanism() != want.Mechanism() {
		t.Errorf("mechanism is %v, want %v", p.Mechanism(), want.Mechanism())
	}
}

func TestMechanism(t *testing.T) {
	for _, m := range iomux.Mechanisms() {
		if p := poller(t, []iomux.Option{iomux.WithMechanism(m)}); p.Mechanism() != m {
			t.Errorf("mechanism is %v, want %v", p.Mechanism(), m)
		}
	}
}

func TestDoubleRegister(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		r := register(t, p, fd, iomux.Readable)
		_, err := p.RegisterFD(fd, iomux.Readable, 2)
		isErr(t, err, syscall.EEXIST)
		if p.Len() != 1 {
			t.Errorf("Len is %d, want 1", p.Len())
		}
		suite.Write(t, w)
		if event := expect(t, p, r, iomux.Readable); event.Key != fd {
			t.Errorf("the key is %d, that of the second Register", event.Key)
		}
		// A reported one-shot registration is also registered.
		must(t, r.Modify(iomux.Readable|iomux.OneShot))
		expect(t, p, r, iomux.Readable)
		_, err = p.RegisterFD(fd, iomux.Readable, 2)
		isErr(t, err, syscall.EEXIST)
		expectNothing(t, p)
		must(t, r.Modify(iomux.Readable))
		if event := expect(t, p, r, iomux.Readable); event.Key != fd {
			t.Errorf("Modify has changed the key to %d", event.Key)
		}
		must(t, r.Unregister())
		isErr(t, r.Unregister(), syscall.ENOENT)
		isErr(t, r.Modify(iomux.Readable), syscall.ENOENT)
		if p.Len() != 0 {
			t.Errorf("Len is %d, want 0", p.Len())
		}
	})
}

func TestSupports(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		all := []iomux.Interest{iomux.Readable, iomux.Writable, iomux.Priority, iomux.Hangup, iomux.ReadHangup,
			// The last two are epoll's Exclusive and WakeUp.
			iomux.Errored, iomux.Edge, iomux.OneShot, 1 << 20, iomux.Readable | 1<<28, iomux.Readable | 1<<29}
		for _, interest := range all {
			fd, _ := suite.Pipe(t)
			r, err := p.RegisterFD(fd, interest, 0)
			if supported := p.Supports(interest); supported != (err == nil) {
				t.Errorf("Supports(%v) is %v, and Register returned %v", interest, supported, err)
			}
			if err == nil {
				must(t, r.Unregister())
				continue
			}
			isErr(t, err, errors.ErrUnsupported)
			r = register(t, p, fd, iomux.Readable)
			isErr(t, r.Modify(interest), errors.ErrUnsupported)
		}
		for _, interest := range []iomux.Interest{1 << 20, 1 << 28, 1 << 29} {
			if p.Supports(interest) {
				t.Errorf("%v is supported, but has no meaning", interest)
			}
		}
	})
}

func TestWaitForOne(t *testing.T) {
	client, server := suite.TCPPair(t)
	want := iomux.Readable
	if poller(t, nil).Supports(iomux.ReadHangup) {
		want = iomux.ReadHangup
	}
	ctx, cancel := context.WithTimeout(context.Background(), quiet)
	defer cancel()
	if ready, err := iomux.Wait(ctx, server, want); ready != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with an open peer: %v, %v", ready, err)
	}
	time.AfterFunc(quiet, func() { suite.Close(t, client) })
	ready, err := iomux.Wait(context.Background(), server, want)
	if err != nil || ready&want == 0 {
		t.Errorf("with a closed peer: %v, %v", ready, err)
	}
	_, err = iomux.Wait(context.Background(), "nothing", want)
	if err == nil {
		t.Error("Wait accepts a string")
	}
}

func TestEventsIterator(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		const sources = 10
		registrations := make(map[*iomux.Registration[int]]bool)
		for range sources {
			fd, w := suite.Pipe(t)
			suite.Write(t, w)
			registrations[register(t, p, fd, iomux.Readable|iomux.OneShot)] = true
		}
		ctx, cancel := context.WithCancel(context.Background())
		for len(registrations) > 0 {
			for event, err := range p.Events(ctx) {
				must(t, err)
				if !registrations[event.Registration] {
					t.Fatalf("%+v is reported twice", event)
				}
				delete(registrations, event.Registration)
				if len(registrations)%3 == 0 {
					break // later loops get the remaining events
				}
			}
		}
		cancel()
		n := 0
		for _, err := range p.Events(ctx) {
			isErr(t, err, context.Canceled)
			n++
		}
		if n != 1 {
			t.Errorf("Close was reported %d times", n)
		}
	})
}
