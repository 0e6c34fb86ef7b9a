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
	rowCycle        = "iomux.Poller"
	rowKernelCycle  = "x/sys"
	rowStacked      = "1 ready of 64, stacked"
	rowPyEpoll      = "epoll.poll(0)"
	rowPyModify     = "epoll.modify"
	rowPyPoll       = "poll.poll(0), 1 descriptor"
	rowPySelect     = "select(…, 0), 1 descriptor"
	rowStart        = "start and end"
)

var (
	waiterCounts = []int{2, 8, 64}
	queueSize    = []int{1, 64}
)

func rowWaiters(n int) string { return strconv.Itoa(n) + " waiters" }

func rowQueue(n int) string { return strconv.Itoa(n) + " ready of 64" }

func several() group {
	g := group{title: "Several waiters share 1000 one-shot descriptors", slice: 60 * time.Millisecond, share: 1,
		about: "A waiter reads each event and arms its descriptor again. The waiters are threads in C, and " +
			"goroutines with x/sys and iomux. All processors are used.",
		tables: []table{{"Processor time of an event, relative to C-mt.", "cpu", sharedC, 0},
			{"Elapsed time of an event, relative to C-mt.", "ns", sharedC, 0}}}
	for _, n := range waiterCounts {
		g.add(rowWaiters(n), "several 1000 "+strconv.Itoa(n), sharedC, rival.XSys, rival.Poller, rival.Blocking)
	}
	for i := range g.entries {
		g.entries[i].anywhere = true
	}
	return g
}

func contexts() group {
	g := group{title: "A context for each wait", slice: 40 * time.Millisecond, share: 0.5,
		about: "Both make a context with a timeout, and cancel it after the wait. WaitTimeout does not use it.",
		tables: []table{
			{"Processor time, in parts of 1.5 µs.", "cpu", "", 1.5e3},
			{"Allocations, including those of the context.", "allocations", "", 0}}}
	g.add(rowContextReady, "contexts 0", rival.WithoutContext, rival.Poller)
	g.add(rowContextSleep, "contexts 1", rival.WithoutContext, rival.Poller)
	return g
}

func timers() group {
	g := group{title: "100 000 timers", slice: 100 * time.Millisecond, share: 1,
		tables: []table{{"Processor time of a timer, relative to time.AfterFunc.", "cpu", rival.AfterFunc, 0},
			{"Bytes of the heap per timer.", "bytes", "", 0}}}
	g.add(rowReset, "resets", rival.AfterFunc, rival.Poller)
	g.add(rowExpire, "expire", rival.AfterFunc, rival.Poller)
	return g
}

func queues() group {
	g := group{title: "kqueue on Linux: Control that does not wait", slice: 40 * time.Millisecond, share: 0.5,
		tables: []table{{"Processor time of a call, relative to epoll_wait in C-mt.", "cpu", sharedC, 0},
			{"Allocations of a call.", "allocations", "", 0}}}
	for _, n := range queueSize {
		g.add(rowQueue(n), "kqueue "+strconv.Itoa(n), sharedC, rival.Raw, rival.Epoll, rival.Kqueue, libkqueue)
	}
	return g
}

func stacks() group {
	g := group{title: "epoll over kqueue: one call that does not wait", slice: 40 * time.Millisecond, share: 0.3,
		about: "This is the emulation of epoll for macOS and the BSDs. Here it runs on the emulation of kqueue for Linux.",
		tables: []table{{"Processor time of a call, relative to package kqueue.", "cpu", rival.Kqueue, 0},
			{"Allocations of a call.", "allocations", "", 0}}}
	g.add(rowStacked, "stacked", rival.Kqueue, rival.Stacked)
	return g
}

func pythonCalls() group {
	g := group{title: "The Python module: calls that do not wait", slice: 40 * time.Millisecond, share: 0.5,
		about: "The base is the original module in a process with a second, idle thread, because a process with a " +
			"Go runtime always has several.",
		tables: []table{{"Processor time of a call, relative to Python-mt.", "cpu", sharedPy, 0}}}
	g.add(rowPyEpoll, "ready 1", sharedPy, module)
	g.add(rowPyModify, "modify", sharedPy, module)
	g.add(rowPyPoll, "poll 1", sharedPy, module)
	g.add(rowPySelect, "select 1", sharedPy, module)
	return g
}

func starts() group {
	g := group{title: "Start of the command", slice: 60 * time.Millisecond, share: 0.4,
		tables: []table{{"Processor time of a run, relative to a Go program that prints a line.", "child", rival.Hello, 0}}}
	g.add(rowStart, "start", rival.Hello, rival.Command)
	return g
}

func contention() group {
	g := group{title: "Contention: register, modify and unregister while 8 goroutines wait", slice: 60 * time.Millisecond, share: 0.5,
		about: "Each goroutine has a descriptor of its own, which is never ready. All processors are used.",
		tables: []table{{"Elapsed time of the three calls, relative to 1 goroutine.", "ns", rival.OneGoroutine, 0},
			{"Processor time of the three calls, relative to 1 goroutine.", "cpu", rival.OneGoroutine, 0}}}
	g.add(rowCycle, "contend 0", rival.OneGoroutine, rival.ManyGoroutines)
	g.add(rowKernelCycle, "contend 1", rival.OneGoroutine, rival.ManyGoroutines)
	for i := range g.entries {
		g.entries[i].anywhere = true
	}
	return g
}
