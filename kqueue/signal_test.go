//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"math"
	"os"
	"os/signal"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/kqueue"
)

// caught prevents the signal from killing the process.
func caught(t *testing.T, number unix.Signal) {
	t.Helper()
	arrivals := make(chan os.Signal, 1)
	signal.Notify(arrivals, number)
	t.Cleanup(func() { signal.Stop(arrivals) })
}

func send(t *testing.T, number unix.Signal) {
	t.Helper()
	must(t, unix.Kill(os.Getpid(), number))
}

func TestSignalIsReported(t *testing.T) {
	caught(t, unix.SIGUSR1)
	queue := newQueue(t)
	apply(t, queue, change(int(unix.SIGUSR1), kqueue.FilterSignal, kqueue.EvAdd))
	none(t, queue)
	for range 3 {
		send(t, unix.SIGUSR1)
		event := one(t, queue, int(unix.SIGUSR1), kqueue.FilterSignal)
		if event.Data != 1 || event.Flags&kqueue.EvClear == 0 {
			t.Errorf("event is %v, want one signal and EvClear", event)
		}
		none(t, queue)
	}
	apply(t, queue, change(int(unix.SIGUSR1), kqueue.FilterSignal, kqueue.EvDelete))
	send(t, unix.SIGUSR1)
	none(t, queue)
}

// TestSignalsAreCounted waits with a second queue until all signals have arrived.
func TestSignalsAreCounted(t *testing.T) {
	caught(t, unix.SIGUSR1)
	counted, queue := newQueue(t), newQueue(t)
	apply(t, queue, change(int(unix.SIGUSR1), kqueue.FilterSignal, kqueue.EvAdd))
	apply(t, counted, change(int(unix.SIGUSR1), kqueue.FilterSignal, kqueue.EvAdd))
	for range 5 {
		send(t, unix.SIGUSR1)
		one(t, counted, int(unix.SIGUSR1), kqueue.FilterSignal)
	}
	total := int64(0)
	for total < 5 { // the last signal may reach one queue before the other
		total += one(t, queue, int(unix.SIGUSR1), kqueue.FilterSignal).Data
	}
	if total != 5 {
		t.Errorf("%d signals were counted, want 5", total)
	}
	none(t, queue)
}

func TestSignalsAreReportedApart(t *testing.T) {
	caught(t, unix.SIGUSR1)
	caught(t, unix.SIGUSR2)
	queue := newQueue(t)
	apply(t, queue, change(int(unix.SIGUSR1), kqueue.FilterSignal, kqueue.EvAdd),
		change(int(unix.SIGUSR2), kqueue.FilterSignal, kqueue.EvAdd))
	send(t, unix.SIGUSR2)
	one(t, queue, int(unix.SIGUSR2), kqueue.FilterSignal)
	send(t, unix.SIGUSR1)
	one(t, queue, int(unix.SIGUSR1), kqueue.FilterSignal)
}

func TestDisabledSignalIsSilent(t *testing.T) {
	caught(t, unix.SIGUSR1)
	queue := newQueue(t)
	apply(t, queue, change(int(unix.SIGUSR1), kqueue.FilterSignal, kqueue.EvAdd))
	send(t, unix.SIGUSR1)
	one(t, queue, int(unix.SIGUSR1), kqueue.FilterSignal)
	apply(t, queue, change(int(unix.SIGUSR1), kqueue.FilterSignal, kqueue.EvDisable))
	send(t, unix.SIGUSR1)
	none(t, queue)
	apply(t, queue, change(int(unix.SIGUSR1), kqueue.FilterSignal, kqueue.EvDelete))
	none(t, queue)
}

// TestSignalsOutOfRange registers signals out of range, which a system may accept.
func TestSignalsOutOfRange(t *testing.T) {
	queue := newQueue(t)
	for _, ident := range []uint64{0, 1000, math.MaxUint32, 1<<32 | uint64(unix.SIGUSR1), math.MaxUint64} {
		events := make([]kqueue.Event, 1)
		n, err := queue.Control([]kqueue.Event{{Ident: ident, Filter: kqueue.FilterSignal, Flags: kqueue.EvAdd}}, events, 0)
		if err != nil || n > 1 || n == 1 && events[0].Data != int64(unix.EINVAL) {
			t.Errorf("signal %d: %v, %v, want EINVAL or nothing", ident, events[:n], err)
		}
	}
}
