//go:build linux

package main

import (
	"strconv"
	"time"

	"iomux/bench/rival"
)

const (
	rowContextReady = "something is ready"
	rowContextSleep = "the wait sleeps"
	rowReset        = "reset, 100 000 armed"
	rowExpire       = "expiration, 100 000 at once"
)

var (
	crowds    = []int{2, 8, 64}
	queueSize = []int{1, 64}
)

func rowCrowd(n int) string { return strconv.Itoa(n) + " waiters" }

func rowQueue(n int) string { return strconv.Itoa(n) + " ready of 64" }

func several() group {
	g := group{title: "Several waiters share 1000 one-shot descriptors", slice: 60 * time.Millisecond, share: 1,
		about: "Each event is read and its descriptor is armed again. C has threads, x/sys and iomux " +
			"have goroutines. All processors are used.",
		tables: []table{{"Processor time of an event, relative to C-mt.", "cpu", sharedC, 0},
			{"Elapsed time of an event, relative to C-mt.", "ns", sharedC, 0}}}
	for _, n := range crowds {
		g.add(rowCrowd(n), "several 1000 "+strconv.Itoa(n), sharedC, rival.XSys, rival.Poller)
	}
	for i := range g.entries {
		g.entries[i].anywhere = true
	}
	return g
}

func contexts() group {
	g := group{title: "A context for each wait", slice: 40 * time.Millisecond, share: 0.5,
		about: "Both make a context with a timeout and cancel it after the wait. WaitTimeout does not use it.",
		tables: []table{
			{"Processor time, in parts of 1.5 µs.", "cpu", "", 1.5e3},
			{"Allocations, those of the context included.", "allocations", "", 0}}}
	g.add(rowContextReady, "contexts 0", rival.WithoutContext, rival.Poller)
	g.add(rowContextSleep, "contexts 1", rival.WithoutContext, rival.Poller)
	return g
}

func timers() group {
	g := group{title: "Timers, 100 000 of them", slice: 100 * time.Millisecond, share: 1,
		tables: []table{{"Processor time of a timer, relative to time.AfterFunc.", "cpu", rival.AfterFunc, 0},
			{"Bytes of the heap for a timer.", "bytes", "", 0}}}
	g.add(rowReset, "resets", rival.AfterFunc, rival.Poller)
	g.add(rowExpire, "expire", rival.AfterFunc, rival.Poller)
	return g
}

func queues() group {
	g := group{title: "kqueue on Linux: Control that does not wait", slice: 40 * time.Millisecond, share: 0.5,
		tables: []table{{"Processor time of a call, relative to epoll_wait in C-mt.", "cpu", sharedC, 0},
			{"Allocations of a call.", "allocations", "", 0}}}
	for _, n := range queueSize {
		g.add(rowQueue(n), "kqueue "+strconv.Itoa(n), sharedC, rival.Raw, rival.Epoll, rival.Kqueue)
	}
	return g
}
