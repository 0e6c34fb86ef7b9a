//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/kqueue"
)

func control(queue *kqueue.Queue, want int) func() bool {
	events := make([]kqueue.Event, 8)
	return func() bool {
		n, err := queue.Control(nil, events, 0)
		return n == want && err == nil
	}
}

// BenchmarkControl measures a wait with one lasting event.
func BenchmarkControl(b *testing.B) {
	r, w := suite.Pipe(b)
	suite.Write(b, w)
	queue := newQueue(b)
	apply(b, queue, change(r, kqueue.FilterRead, kqueue.EvAdd))
	b.ReportAllocs()
	for wait := control(queue, 1); b.Loop(); {
		if !wait() {
			b.Fatal("there is no event")
		}
	}
}

// BenchmarkControlClear measures writing a byte, one report and reading it.
func BenchmarkControlClear(b *testing.B) {
	r, w := suite.Pipe(b)
	queue := newQueue(b)
	apply(b, queue, change(r, kqueue.FilterRead, kqueue.EvAdd|kqueue.EvClear))
	b.ReportAllocs()
	reported, one := control(queue, 1), make([]byte, 1)
	for b.Loop() {
		_, err := unix.Write(w, one)
		must(b, err)
		if !reported() {
			b.Fatal("the byte was not reported")
		}
		_, err = unix.Read(r, one)
		must(b, err)
	}
}

// BenchmarkControlUser measures a triggered user event.
func BenchmarkControlUser(b *testing.B) {
	queue := newUserQueue(b, kqueue.EvClear)
	changes, events := []kqueue.Event{trigger(0, 0)}, make([]kqueue.Event, 1)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := queue.Control(changes, events, 0); n != 1 || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkControlModify measures a change of a registration.
func BenchmarkControlModify(b *testing.B) {
	r, _ := suite.Pipe(b)
	queue := newQueue(b)
	changes := []kqueue.Event{change(r, kqueue.FilterRead, kqueue.EvAdd)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := queue.Control(changes, nil, 0); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkControl64 measures a wait with 64 lasting events.
func BenchmarkControl64(b *testing.B) {
	r, w := suite.Pipe(b)
	suite.Write(b, w)
	queue := newQueue(b)
	for range 64 {
		twin := suite.Duplicate(b, r, 0)
		suite.CloseAtEnd(b, twin)
		apply(b, queue, change(twin, kqueue.FilterRead, kqueue.EvAdd))
	}
	events := make([]kqueue.Event, 64)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := queue.Control(nil, events, 0); n != 64 || err != nil {
			b.Fatal(n, err)
		}
	}
}
