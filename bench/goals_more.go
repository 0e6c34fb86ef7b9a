//go:build linux

package main

import "iomux/bench/rival"

func severalChecks() (all []check) {
	const goal = "several goroutines in one Poller"
	for _, n := range waiterCounts {
		row := rowWaiters(n)
		of := []key{{row, rival.Poller}}
		all = append(all,
			check{goal: goal, what: row + ", to C-mt", of: of, metric: "cpu", to: &key{row, sharedC}, limit: 1.15},
			check{goal: goal, what: row + ", to x/sys", of: of, metric: "cpu", to: &key{row, rival.XSys}, limit: 1},
			check{goal: goal, what: row + ", elapsed time, to C-mt", of: of, metric: "ns", to: &key{row, sharedC}, limit: 1.15},
			check{goal: goal, what: row + ", elapsed time, to x/sys", of: of, metric: "ns", to: &key{row, rival.XSys}, limit: 1})
	}
	return all
}

func contextChecks() (all []check) {
	const goal = "a context for each wait"
	for _, one := range []struct {
		row         string
		allocations float64
	}{{rowContextReady, 0}, {rowContextSleep, 2}} {
		row := one.row
		of, less := []key{{row, rival.Poller}}, &key{row, rival.WithoutContext}
		all = append(all,
			check{goal: goal, what: row + ", more allocations", of: of, metric: "allocations", less: less, limit: one.allocations},
			check{goal: goal, what: row + ", more time, in 1.5 µs", of: of, metric: "cpu", less: less, bound: 1.5e3, limit: 1})
	}
	return all
}

func timerChecks() (all []check) {
	const goal = "timers, 100 000 armed"
	for _, row := range []string{rowReset, rowExpire} {
		all = append(all, check{goal: goal, what: row + ", to time.AfterFunc",
			of: []key{{row, rival.Poller}}, metric: "cpu", to: &key{row, rival.AfterFunc}, limit: 1.5})
	}
	of := []key{{rowReset, rival.Poller}}
	return append(all,
		check{goal: goal, what: "descriptors per timer", of: of, metric: "descriptors", limit: 0, always: true},
		check{goal: goal, what: "bytes of the heap per timer", of: of, metric: "bytes", limit: 200})
}

func queueChecks() (all []check) {
	for _, n := range queueSize {
		row := rowQueue(n)
		of := []key{{row, rival.Kqueue}}
		all = append(all,
			check{goal: "kqueue on Linux", what: row + ", to epoll_wait in C-mt", of: of, metric: "cpu", to: &key{row, sharedC}, limit: 2},
			check{goal: "kqueue on Linux", what: row + ", to libkqueue", of: of, metric: "cpu", to: &key{row, libkqueue}, limit: 1})
	}
	return append(all, check{goal: "epoll over kqueue, stacked on Linux", what: rowStacked + ", to package kqueue",
		of: []key{{rowStacked, rival.Stacked}}, metric: "cpu", to: &key{rowStacked, rival.Kqueue}, limit: 1.3})
}

func contentionChecks() []check {
	return []check{{goal: "contention, 8 goroutines wait", what: "64 goroutines register, modify and unregister: elapsed time, to 1 goroutine",
		of: []key{{rowCycle, rival.ManyGoroutines}}, metric: "ns", to: &key{rowCycle, rival.OneGoroutine}, limit: 1}}
}

func pythonChecks() (all []check) {
	for _, row := range []string{rowPyEpoll, rowPyModify, rowPyPoll, rowPySelect} {
		all = append(all, check{goal: "Python module", what: row + ", to the original in a process with a second thread",
			of: []key{{row, module}}, metric: "cpu", to: &key{row, sharedPy}, limit: 1.3})
	}
	return all
}

func startChecks() []check {
	return []check{{goal: "start of iomux wait timer:1ms", what: "processor time, to a Go program that prints a line",
		of: []key{{rowStart, rival.Command}}, metric: "child", to: &key{rowStart, rival.Hello}, limit: 1.5}}
}

// elsewhereChecks returns the goals that other programs measure. The notes have the figures.
func elsewhereChecks() []check {
	return []check{
		{goal: "go test ./... in the root, warm, in 40 s", what: "see the notes", limit: 1},
		{goal: "make check, warm in 5 minutes, cold in 12", what: "see the notes", limit: 1},
	}
}
