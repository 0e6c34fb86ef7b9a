package devpoll_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"iomux/devpoll"
	"iomux/internal/afd"
	"iomux/internal/test/suite"
)

// A closed socket is Nval, even if it is closed during a Poll. It takes turns with ready sockets.
func TestClosedSocket(t *testing.T) {
	poller := open(t, "default")
	closed, _ := suite.Pipe(t)
	other, otherW := suite.Pipe(t)
	must(t, poller.Register(closed, devpoll.In))
	must(t, poller.Register(other, devpoll.In))
	expectNothing(t, poller)
	time.AfterFunc(quiet, func() { suite.Close(t, closed) })
	expect(t, poller, closed, devpoll.Nval)
	expect(t, poller, closed, devpoll.Nval)
	suite.Write(t, otherW)
	count := make(map[int]int)
	var events [1]devpoll.Event
	for range 20 {
		n, err := poller.Poll(events[:], soon)
		if n != 1 || err != nil {
			t.Fatalf("Poll: %d, %v", n, err)
		}
		count[events[0].FD]++
	}
	if count[closed] != 10 || count[other] != 10 {
		t.Errorf("events by descriptor are %v", count)
	}
	if ready := poll(t, poller, soon); ready[closed] != devpoll.Nval || ready[other] != devpoll.In {
		t.Errorf("ready are %v", ready)
	}
	must(t, poller.Unregister(closed))
	expect(t, poller, other, devpoll.In)
	if poller.Len() != 1 {
		t.Errorf("Len is %d", poller.Len())
	}
}

// Poll waits on a new socket with the number of a closed one.
func TestReusedNumber(t *testing.T) {
	poller := open(t, "default")
	reused := 0
	for range 20 {
		r, _ := suite.Pipe(t)
		must(t, poller.Register(r, devpoll.Out))
		expect(t, poller, r, devpoll.Out)
		suite.Close(t, r)
		fresh := suite.Socket(t, syscall.SOCK_DGRAM)
		if fresh == r {
			reused++
			for deadline := time.Now().Add(soon); poll(t, poller, soon)[r] != devpoll.Out; {
				if time.Now().After(deadline) {
					t.Fatal("the new owner of the number is not reported")
				}
			}
		}
		must(t, poller.Unregister(r))
		expectNothing(t, poller)
		suite.Close(t, fresh)
	}
	if reused == 0 {
		t.Skip("no number was reused")
	}
}

func TestErrors(t *testing.T) {
	poller := open(t, "default")
	isErr(t, poller.Register(suite.File(t), devpoll.In), afd.ErrNotSocket)
	isErr(t, poller.Register(suite.File(t), devpoll.In), errors.ErrUnsupported)
	isErr(t, poller.Register(poller.FD(), devpoll.In), syscall.EBADF)
	isErr(t, poller.Register(-1, devpoll.In), syscall.EBADF)
	isErr(t, poller.Register(0, 0x800), syscall.EINVAL)
	if poller.Len() != 0 {
		t.Errorf("Len is %d", poller.Len())
	}
	must(t, poller.Close())
	isErr(t, poller.Register(0, devpoll.In), os.ErrClosed)
	isErr(t, poller.Unregister(0), os.ErrClosed)
}

func TestWaitsDoNotAllocate(t *testing.T) {
	poller := open(t, "default")
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	must(t, poller.Register(r, devpoll.In))
	events := make([]devpoll.Event, 8)
	for _, timeout := range []time.Duration{0, -1, time.Second} {
		if n := testing.AllocsPerRun(100, func() { _, _ = poller.Poll(events, timeout) }); n != 0 {
			t.Errorf("a Poll of %v allocates %v times", timeout, n)
		}
	}
	for range 200 { // warm up the free lists
		must(t, poller.Modify(r, devpoll.In))
	}
	if n := testing.AllocsPerRun(100, func() { _ = poller.Modify(r, devpoll.In) }); n != 0 {
		t.Errorf("Modify allocates %v times", n)
	}
}
