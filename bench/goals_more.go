//go:build linux

package main

import "iomux/bench/rival"

func severalChecks() (all []check) {
	const goal = "several goroutines in one Poller"
	for _, n := range crowds {
		row := rowCrowd(n)
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
	return append(all, check{goal: goal, what: "bytes of the heap for each",
		of: []key{{rowReset, rival.Poller}}, metric: "bytes", limit: 200})
}

func queueChecks() (all []check) {
	for _, n := range queueSize {
		row := rowQueue(n)
		all = append(all, check{goal: "kqueue on Linux", what: row + ", to epoll_wait in C-mt",
			of: []key{{row, rival.Kqueue}}, metric: "cpu", to: &key{row, sharedC}, limit: 2})
	}
	return all
}
