//go:build linux

package main

import (
	"math"
	"slices"
	"strconv"
	"time"

	"iomux/bench/rival"
)

// check is one goal: the median of its values over all rounds must not exceed the limit. The value
// of a round is the greatest among the cells.
type check struct {
	goal, what string
	of         []key // the cells
	metric     string
	less       *key    // the cell whose values are subtracted, if any
	to         *key    // the cell whose values are the divisors, if any
	bound      float64 // a constant divisor, if not 0
	limit      float64
	always     bool // every round must keep the limit, not only the median
}

// values returns the value of each round, or nil if a cell was not measured.
func (c check) values(r *results) []float64 {
	var greatest []float64
	for _, at := range c.of {
		values := r.of(at, c.metric)
		switch {
		case len(values) == 0:
			return nil
		case greatest == nil:
			greatest = slices.Clone(values)
		}
		for i, value := range values {
			greatest[i] = max(greatest[i], value)
		}
	}
	if c.less != nil {
		greatest = differences(greatest, r.of(*c.less, c.metric))
	}
	if c.to != nil {
		return ratios(greatest, r.of(*c.to, c.metric))
	}
	if c.bound != 0 {
		return shares(greatest, c.bound)
	}
	return greatest
}

// verdict compares the values with the limit, rounded to two digits like the table.
func (c check) verdict(r *results) (measured spread, verdict string) {
	measured = spreadOf(c.values(r))
	value := measured.median
	if c.always {
		value = measured.worst
	}
	switch {
	case math.IsNaN(value):
		return measured, "not measured"
	case math.Round(value*100) <= math.Round(c.limit*100):
		return measured, "reached"
	}
	return measured, "**not reached**"
}

func checks() []check {
	all := slices.Concat(callChecks(), lateChecks(), pollChecks(), ringChecks(), wakeChecks(),
		severalChecks(), contentionChecks(), contextChecks(), timerChecks(), queueChecks(), pythonChecks(), startChecks())
	for _, load := range []echoing{{50, 50}, {1000, 1000}, {10_000, 10_000}, {10_000, 50}} {
		row := rowEcho(load.connections, load.window)
		for _, who := range []string{rival.Poller, example} {
			all = append(all, check{goal: "echo, one processor: the server's time per message", what: who + ", " + row + ", to C-mt",
				of: []key{{row, who}}, metric: "cpu", to: &key{row, sharedC}, limit: 1.10})
		}
	}
	row := rowEcho(10_000, 50)
	all = append(all,
		check{goal: "idle connection: resident bytes", what: "registrations alone", of: []key{{rowFootprint, rival.Poller}}, metric: "bytes", limit: 100},
		check{goal: "idle connection: resident bytes", what: rival.Poller + ", echo server", of: []key{{row, rival.Poller}}, metric: "bytes", limit: 100},
		check{goal: "idle connection: resident bytes", what: example + ", with an object for each", of: []key{{row, example}}, metric: "bytes", limit: 300},
		check{goal: "other goroutines while a loop is saturated", what: rival.Poller + ", in 25 ms", of: []key{{rowOthers, rival.Poller}}, metric: "longest", bound: 25e6, limit: 1},
		check{goal: "other goroutines while a loop is saturated", what: rival.Epoll + ", in 25 ms", of: []key{{rowOthers, rival.Epoll}}, metric: "longest", bound: 25e6, limit: 1},
	)
	return append(all, elsewhereChecks()...)
}

func callChecks() (all []check) {
	for _, one := range []struct{ goal, who string }{
		{"epoll.Poll that does not wait", rival.Epoll},
		{"Poller.WaitTimeout that does not wait", rival.Poller},
	} {
		for _, row := range []string{rowReadyOne, rowReadyMany} {
			of := []key{{row, one.who}}
			all = append(all,
				check{goal: one.goal, what: row + ", to RawSyscall", of: of, metric: "cpu", to: &key{row, rival.Raw}, limit: 1.08},
				check{goal: one.goal, what: row + ", allocations", of: of, metric: "allocations", limit: 0})
		}
	}
	for _, row := range []string{rowChange, rowModify} {
		for _, who := range []string{rival.Epoll, rival.Poller} {
			all = append(all, check{goal: "register and unregister, modify", what: who + ", " + row + ", to C-mt",
				of: []key{{row, who}}, metric: "cpu", to: &key{row, sharedC}, limit: 1.10})
		}
	}
	return all
}

func lateChecks() []check {
	const goal = "waits of 100 µs to 3 ms"
	cells := func(who string, timeouts ...time.Duration) (all []key) {
		for _, timeout := range timeouts {
			all = append(all, key{rowLate(timeout), who})
		}
		return all
	}
	var everybody []key
	var all []check
	for _, who := range []string{rival.Epoll, rival.Poll, rival.Select, rival.Poller, rival.Blocking} {
		everybody = append(everybody, cells(who, timeouts...)...)
		of, what := cells(who, timeouts...), who+" late, in 0.5 ms, "
		if who == rival.Poller {
			of, what = cells(who, timeouts[:2]...), who+" late below 2 ms, in 0.5 ms, "
		}
		all = append(all,
			check{goal: goal, what: what + "median", of: of, metric: "p50", bound: 0.5e6, limit: 1},
			check{goal: goal, what: what + "99th percentile", of: of, metric: "p99", bound: 0.5e6, limit: 1})
	}
	parked := cells(rival.Poller, timeouts[2])
	var reporting []key
	for _, who := range []string{rival.Epoll, rival.Poll, rival.Select, rival.Poller, rival.Blocking} {
		reporting = append(reporting, key{rowReported, who})
	}
	return append(all,
		check{goal: goal, what: "waits of all five that missed a ready descriptor", of: reporting, metric: "missed", limit: 0, always: true},
		check{goal: goal, what: rival.Poller + " late, parked, in 1.2 ms, median", of: parked, metric: "p50", bound: 1.2e6, limit: 1},
		check{goal: goal, what: rival.Poller + " late, parked, in 1.2 ms, 99th percentile", of: parked, metric: "p99", bound: 1.2e6, limit: 1},
		check{goal: goal, what: "early waits of all five", of: everybody, metric: "early", limit: 0, always: true})
}

func pollChecks() (all []check) {
	for _, one := range []struct{ work, who string }{{"poll", rival.Poll}, {"select", rival.Select}} {
		goal := one.work + ", up to 1000 descriptors"
		for _, n := range sizes {
			row := rowWatched(n)
			if one.work == "select" {
				row = rowSelected(n)
			}
			all = append(all, check{goal: goal, what: strconv.Itoa(n) + " descriptors, to C-mt",
				of: []key{{row, one.who}}, metric: "cpu", to: &key{row, sharedC}, limit: 1.10})
		}
	}
	return append(all, check{goal: "select, up to 1000 descriptors", what: rowBeyond + ", to C-mt",
		of: []key{{rowBeyond, rival.Select}}, metric: "cpu", to: &key{rowBeyond, sharedC}, limit: 1.15})
}

func ringChecks() (all []check) {
	for _, n := range []int{100, 9900} {
		for _, one := range []struct {
			goal, who string
			limit     float64
		}{
			{"libevent's workload on epoll", rival.Epoll, 1.10},
			{"libevent's workload on epoll", rival.Poller, 1.10},
			{"libevent's workload with TryRead and TryWrite", rival.EpollTry, 1.15},
			{"libevent's workload with TryRead and TryWrite", rival.PollerTry, 1.15},
		} {
			all = append(all, check{goal: one.goal, what: one.who + ", " + rowRing(n) + ", to C-mt",
				of: []key{{rowRing(n), one.who}}, metric: "cpu", to: &key{rowRing(n), sharedC}, limit: one.limit})
		}
	}
	return all
}

func wakeChecks() (all []check) {
	for _, row := range []string{rowThreads, rowProcess} {
		all = append(all, check{goal: "park and wake", what: row + ", to C-mt on the same processor",
			of: []key{{row, rival.Poller}}, metric: "ns", to: &key{row, sharedC}, limit: 1.15})
	}
	return append(all, check{goal: "hand-off to a worker", what: rowHandOff + ", median, in parts of 4 µs",
		of: []key{{rowHandOff, rival.Poller}}, metric: "p50", bound: 4e3, limit: 1})
}
