package epollemu_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/epollemu"
	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// BenchmarkTake measures a wait with one ready descriptor, and the same wait on a bare kqueue.
func BenchmarkTake(b *testing.B) {
	e := newEpoll(b)
	r, w := suite.Pipe(b)
	suite.Write(b, w)
	must(b, e.Add(r, epollemu.In, 0))
	room := make([]epollemu.Event, 8)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := e.Take(room, 0); n != 1 || err != nil {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkControl(b *testing.B) {
	queue, err := kqueue.New()
	must(b, err)
	defer func() { must(b, queue.Close()) }()
	r, w := suite.Pipe(b)
	suite.Write(b, w)
	change := kqueue.Event{Ident: uint64(r), Filter: kqueue.FilterRead, Flags: kqueue.EvAdd}
	_, err = queue.Control([]kqueue.Event{change}, nil, 0)
	must(b, err)
	events := make([]kqueue.Event, 8)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := queue.Control(nil, events, 0); n != 1 || err != nil {
			b.Fatal(n, err)
		}
	}
}

func TestNothingAllocatesOnceWarm(t *testing.T) {
	e := newEpoll(t)
	a, b := suite.SocketPair(t, unix.SOCK_STREAM)
	suite.Write(t, b)
	room := make([]epollemu.Event, 8)
	for _, events := range []uint32{
		epollemu.In, epollemu.In | epollemu.Out, epollemu.In | epollemu.ET, epollemu.In | epollemu.Out | epollemu.Pri | epollemu.OneShot,
	} {
		must(t, e.Add(a, events, 0))
		if n := testing.AllocsPerRun(100, func() {
			_ = e.Modify(a, events, 0)
			_, _ = e.Take(room, time.Second)
			_, _ = e.Take(room, 0)
		}); n != 0 {
			t.Errorf("Modify and Take for %s allocate %v times", names(events), n)
		}
		must(t, e.Remove(a))
	}
}
