//go:build windows

package afd_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"iomux/internal/afd"
)

func newPoller(t testing.TB) *afd.Poller {
	t.Helper()
	p := new(afd.Poller)
	must(t, p.Open())
	t.Cleanup(func() { _ = p.Close() }) // the test may have closed it
	return p
}

func wait(t testing.TB, p *afd.Poller, room int, d time.Duration) (all []afd.Ready) {
	t.Helper()
	n, err := p.Wait(room, d, func(r afd.Ready) { all = append(all, r) })
	must(t, err)
	if n != len(all) {
		t.Errorf("Wait returned %d, and reported %v", n, all)
	}
	return all
}

func expect(t testing.TB, p *afd.Poller, s windows.Handle, events afd.Events) afd.Ready {
	t.Helper()
	all := wait(t, p, 4, soon)
	if len(all) != 1 || all[0].Socket != int(s) || all[0].Events != events {
		t.Fatalf("ready are %+v, want %#x of %d", all, events, s)
	}
	return all[0]
}

func expectNothing(t testing.TB, p *afd.Poller) {
	t.Helper()
	for _, d := range []time.Duration{0, quiet} {
		start := time.Now()
		if all := wait(t, p, 4, d); len(all) != 0 || time.Since(start) < d {
			t.Fatalf("ready are %+v after %v", all, time.Since(start))
		}
	}
}

func TestLevel(t *testing.T) {
	p := newPoller(t)
	client, server := pair(t)
	must(t, p.Register(int(server), afd.In, 7))
	expectNothing(t, p)
	for range 3 {
		write(t, client)
		for range 3 {
			if r := expect(t, p, server, afd.In); r.Tag != 7 {
				t.Errorf("tag is %d", r.Tag)
			}
		}
		drain(t, server)
		expectNothing(t, p)
	}
	write(t, client)
	drain(t, server) // before any wait
	expectNothing(t, p)
	must(t, p.Modify(int(server), afd.Out, 8))
	if r := expect(t, p, server, afd.Out); r.Tag != 8 {
		t.Errorf("tag is %d", r.Tag)
	}
	must(t, p.Modify(int(server), 0, 8))
	expectNothing(t, p)
	must(t, p.Unregister(int(server)))
	if err := p.Unregister(int(server)); err != syscall.ENOENT {
		t.Error("unregister twice:", err)
	}
	expectNothing(t, p)
}

func TestOneShot(t *testing.T) {
	p := newPoller(t)
	client, server := pair(t)
	must(t, p.Register(int(server), afd.In|afd.OneShot, 0))
	for range 3 {
		write(t, client)
		expect(t, p, server, afd.In)
		expectNothing(t, p)
		must(t, p.Modify(int(server), afd.In|afd.OneShot, 0))
	}
	expect(t, p, server, afd.In)
	must(t, windows.Closesocket(client))
	expectNothing(t, p)
}

// The registration of a closed socket ends a moment later. Its number is reused.
func TestClosedSocketsLeave(t *testing.T) {
	p := newPoller(t)
	// settles waits until only the socket of tag is reported.
	settles := func(tag, count int, d time.Duration) {
		t.Helper()
		for start := time.Now(); ; {
			all := wait(t, p, 4, d)
			if len(all) == count && (count == 0 || all[0].Tag == uint64(tag) && all[0].Events == afd.Out) {
				return
			}
			if time.Since(start) > soon {
				t.Fatalf("ready are %+v, want %d of %d", all, count, tag)
			}
		}
	}
	for i := range 50 {
		client, server := pair(t)
		if err := p.Register(int(server), afd.In|afd.Out, uint64(i)); err != nil {
			t.Fatal(i, err)
		}
		if err := p.Register(int(server), afd.In, 0); err != syscall.EEXIST {
			t.Fatal("register twice:", err)
		}
		if i%3 > 0 {
			settles(i, 1, soon)
		}
		if i%2 > 0 {
			settles(i, 1, soon)
		}
		must(t, windows.Closesocket(server))
		must(t, windows.Closesocket(client))
		if i%5 == 0 {
			settles(i, 0, quiet)
		}
	}
	settles(50, 0, quiet)
	expectNothing(t, p)
}

func TestCloseEndsAllWaits(t *testing.T) {
	for range 20 {
		p := newPoller(t)
		client, server := pair(t)
		must(t, p.Register(int(server), afd.In, 0))
		must(t, p.Register(int(client), afd.In, 0))
		var waiters sync.WaitGroup
		for range 10 {
			waiters.Go(func() {
				n, err := p.Wait(1, -1, nil)
				if n != 0 || !errors.Is(err, os.ErrClosed) {
					t.Errorf("Wait: %d, %v", n, err)
				}
			})
		}
		time.Sleep(time.Millisecond)
		must(t, p.Close())
		waiters.Wait()
		if err := p.Close(); err != os.ErrClosed {
			t.Error("Close twice:", err)
		}
	}
}

func TestWake(t *testing.T) {
	p := newPoller(t)
	for range 200 {
		done := make(chan error)
		go func() {
			n, err := p.Wait(1, -1, nil)
			if n != 0 {
				t.Error("Wait:", n)
			}
			done <- err
		}()
		if n, err := p.Wait(1, 0, nil); n != 0 || err != nil { // the packet of Wake stays
			t.Error("Wait:", n, err)
		}
		p.Wake()
		if n, err := p.Wait(1, 0, nil); n != 0 || err != nil {
			t.Error("Wait:", n, err)
		}
		must(t, <-done)
	}
}

func TestChangesUnderAWait(t *testing.T) {
	p := newPoller(t)
	client, server := pair(t)
	ready := make(chan afd.Ready)
	waitOnce := func() {
		go func() {
			_, err := p.Wait(1, soon, func(r afd.Ready) { ready <- r })
			if err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(quiet)
	}
	waitOnce()
	must(t, p.Register(int(client), afd.Out, 0))
	<-ready
	must(t, p.Modify(int(client), afd.In, 0))
	waitOnce()
	must(t, p.Modify(int(client), afd.Out, 0))
	<-ready
	must(t, p.Unregister(int(client)))
	waitOnce()
	must(t, p.Register(int(client), afd.In, 0))
	must(t, p.Unregister(int(client)))
	must(t, p.Register(int(client), afd.In, 1))
	write(t, server)
	if r := <-ready; r.Tag != 1 || r.Events != afd.In {
		t.Errorf("ready is %+v", r)
	}
}

func TestManySockets(t *testing.T) {
	p := newPoller(t)
	const count = 600
	clients := make(map[windows.Handle]windows.Handle)
	for range count {
		client, server := pair(t)
		clients[server] = client
		must(t, p.Register(int(server), afd.In, 0))
		write(t, client)
	}
	seen := make(map[windows.Handle]bool)
	for turns := 0; len(seen) < count; turns++ {
		if turns == count/16+1 {
			t.Fatalf("%d of %d had their turn", len(seen), count)
		}
		for _, r := range wait(t, p, 16, soon) {
			seen[windows.Handle(r.Socket)] = true
		}
	}
	for range 300 { // without a wait
		for server := range seen {
			must(t, p.Unregister(int(server)))
			must(t, p.Register(int(server), afd.In, 0))
			break
		}
	}
	if all := wait(t, p, 1000, soon); len(all) != count {
		t.Errorf("%d are ready", len(all))
	}
}

func TestRegisterErrors(t *testing.T) {
	p := newPoller(t)
	file, err := os.Open(os.Args[0])
	must(t, err)
	defer func() { must(t, file.Close()) }()
	if err := p.Register(int(file.Fd()), afd.In, 0); !errors.Is(err, afd.ErrNotSocket) {
		t.Error(err)
	}
	client, _ := pair(t)
	must(t, windows.Closesocket(client))
	for _, err := range []error{p.Register(int(client), afd.In, 0), p.Modify(int(client), afd.In, 0), p.Unregister(int(client))} {
		if err != syscall.EBADF {
			t.Error(err)
		}
	}
	var zero afd.Poller
	_, errWait := zero.Wait(1, -1, nil)
	for _, err := range []error{errWait, zero.Close(), zero.Register(0, 0, 0)} {
		if err != os.ErrClosed {
			t.Error(err)
		}
	}
}

// A wait does not poll a long list of sockets one by one. It must still report a socket whose
// packet a sleeping goroutine has taken.
func TestLookBesideASleepOnManySockets(t *testing.T) {
	p := newPoller(t)
	for range 200 {
		must(t, p.Register(int(socket(t, windows.SOCK_DGRAM)), 0, 0))
	}
	client, server := pair(t)
	must(t, p.Register(int(server), afd.In, 7))
	var over atomic.Bool
	var sleeper sync.WaitGroup
	sleeper.Go(func() {
		for !over.Load() {
			if _, err := p.Wait(1, -1, func(afd.Ready) {}); err != nil {
				t.Error("Wait:", err)
			}
		}
	})
	for round := range 50 {
		write(t, client)
		for range 3 {
			if n, err := p.Wait(1, time.Duration(round%2), func(afd.Ready) {}); n != 1 || err != nil {
				t.Errorf("round %d: %d, %v", round, n, err)
			}
		}
		drain(t, server)
	}
	over.Store(true)
	write(t, client)
	sleeper.Wait()
}
