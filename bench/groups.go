//go:build linux

package main

import (
	"strconv"
	"strings"
	"time"

	"iomux/bench/rival"
)

// entry is the measurement of one rival in one row of a table.
type entry struct {
	row, who string
	work     []string
	fixed    int  // the number of operations of a slice, or 0 to fill its time
	anywhere bool // run on any processor, not on a certain one
	echo     *echoing
}

// echoing is the load of an echo server.
type echoing struct{ connections, window int }

// group is a set of entries that are measured together, in interleaved rounds.
type group struct {
	title, about string
	slice        time.Duration // the time of an entry in a round
	share        float64       // of the time of all groups
	apart        bool          // starts the processes one after the other, not all at once
	entries      []entry
	tables       []table
	also         func(r *results) string // more text
}

// table shows one metric of a group. Values are divided by those of the rival base, or else by
// bound, or not at all.
type table struct {
	caption string
	metric  string
	base    string
	bound   float64
}

func (g *group) add(row, work string, who ...string) {
	for _, one := range who {
		g.entries = append(g.entries, entry{row: row, who: one, work: strings.Fields(work)})
	}
}

// The names of the rows.
const (
	rowReadyOne   = "1 ready of 1"
	rowReadyMany  = "1 ready of 10 000"
	rowChange     = "add and delete"
	rowModify     = "modify"
	rowBeyond     = "2000 selected, above 1024"
	rowThreads    = "two waiters of one process"
	rowProcess    = "woken by another process"
	rowHandOff    = "GOMAXPROCS=1"
	rowHandOffAll = "GOMAXPROCS of the machine"
	rowReported   = "1 ns to 1.5 ms, 1 ready"
	rowOthers     = "1 watched, 1 ready"
	rowOthersMany = "1000 watched, 1 ready"
	rowSleepers   = "threads of 500 idle waits"
	rowFootprint  = "bytes of a registration, of 10 000"
)

func rowWatched(n int) string { return strconv.Itoa(n) + " watched" }

func rowSelected(n int) string { return strconv.Itoa(n) + " selected" }

func rowRing(n int) string { return strconv.Itoa(n) + " pipes" }

func rowSome(n int) string { return strconv.Itoa(n) + " ready of 1000" }

func rowLate(timeout time.Duration) string { return timeout.String() }

func rowEcho(connections, window int) string {
	return strconv.Itoa(connections) + " connections, " + strconv.Itoa(window) + " messages in flight"
}

const perCall = "Processor time of a call, relative to C-mt."

func groups() []group {
	all := []group{calls(), pollCalls(), selectCalls(), someReady(), rings(), lateness(), wakes(), handOffs(), progress(), idle(),
		several(), contention(), contexts(), timers(), queues(), stacks(), pythonCalls(), starts(), scale()}
	for _, load := range []echoing{{50, 50}, {1000, 1000}, {10_000, 10_000}, {10_000, 50}} {
		all = append(all, echo(load))
	}
	return all
}

func calls() group {
	g := group{title: "epoll: one call that does not wait", slice: 40 * time.Millisecond, share: 1.3,
		about:  "For libevent and libuv, a call is one turn of their loop, with its callback.",
		tables: []table{{perCall, "cpu", sharedC, 0}, {"Allocations of a call.", "allocations", "", 0}}}
	everybody := []string{plainC, sharedC, rival.Raw, rival.XSys, rival.Epoll, rival.Poller, python, libevent}
	g.add(rowReadyOne, "ready 1", append(everybody, libuv)...)
	g.add(rowReadyMany, "ready 10000", append(everybody, libuv)...)
	g.add(rowChange, "change", everybody...)
	g.add(rowModify, "modify", everybody[:len(everybody)-1]...)
	return g
}

var sizes = []int{1, 10, 100, 1000}

func pollCalls() group {
	g := group{title: "poll: one call that does not wait, the last descriptor is ready", slice: 40 * time.Millisecond, share: 1,
		tables: []table{{perCall, "cpu", sharedC, 0}, {"Allocations of a call.", "allocations", "", 0}}}
	for _, n := range sizes {
		g.add(rowWatched(n), "poll "+strconv.Itoa(n), plainC, sharedC, rival.Raw, rival.XSys, rival.Poll, rival.PollObject, python)
	}
	return g
}

func selectCalls() group {
	g := group{title: "select: one call that does not wait, the last descriptor is ready", slice: 40 * time.Millisecond, share: 1.3,
		about: "Each call needs filled sets. C, raw and x/sys copy them. iomux/selectfd adds the descriptors one " +
			"by one. The last row shows only rivals that accept descriptors above 1024.",
		tables: []table{{perCall, "cpu", sharedC, 0}, {"Allocations of a call.", "allocations", "", 0}}}
	everybody := []string{plainC, sharedC, rival.Raw, rival.XSys, rival.Select, rival.SelectList, python}
	for _, n := range sizes {
		g.add(rowSelected(n), "select "+strconv.Itoa(n), everybody...)
	}
	g.add(rowBeyond, "select 2000", everybody...)
	return g
}

func someReady() group {
	g := group{title: "Many ready: a comparison of the mechanisms", slice: 40 * time.Millisecond, share: 0.5,
		tables: []table{{"Processor time of a call that reports every ready descriptor, relative to epoll in C-mt.", "cpu", sharedC, 0}}}
	for _, n := range []int{1, 100, 400, 1000} {
		g.add(rowSome(n), "some 1000 "+strconv.Itoa(n), sharedC, sharedPoll, sharedSel, rival.Raw, rival.Epoll, rival.Poll, rival.Select, rival.Poller)
	}
	return g
}

func rings() group {
	g := group{title: "libevent's workload: pipes in a ring, one of them active", slice: 40 * time.Millisecond, share: 2, apart: true,
		about: "raw and iomux/epoll look before they wait, with a timeout of 0. Reads and writes are raw calls, " +
			"except that x/sys uses its own. Columns with descriptor use TryRead and TryWrite of iomux/descriptor.",
		tables: []table{{"Processor time of an event (wait, read 8 bytes, write 8 bytes), relative to C-mt.", "cpu", sharedC, 0},
			{"Allocations of an event.", "allocations", "", 0}}}
	for _, n := range []int{100, 9900} {
		g.add(rowRing(n), "ring "+strconv.Itoa(n), plainC, sharedC, sharedPoll, sharedSel, rival.Raw, rival.XSys, rival.Epoll, rival.Poller,
			rival.EpollTry, rival.PollerTry, rival.Goroutines, libevent, libuv, python)
	}
	return g
}

func lateness() group {
	g := group{title: "Timeouts: how late", slice: 60 * time.Millisecond, share: 1.5,
		about: "x/sys counts milliseconds, so its timeouts are rounded up to the next one.",
		tables: []table{{"Median, in parts of half a millisecond.", "p50", "", 0.5e6}, {"99th percentile, in parts of half a millisecond.", "p99", "", 0.5e6},
			{"Waits that ended early.", "early", "", 0}, {"Waits that missed a ready descriptor.", "missed", "", 0}}}
	for _, timeout := range timeouts {
		g.add(rowLate(timeout), "late "+strconv.Itoa(int(timeout)), sharedC, rival.XSys, rival.Epoll, rival.Poll, rival.Select, rival.Poller,
			rival.Blocking, python)
	}
	g.add(rowReported, "reported", rival.Epoll, rival.Poll, rival.Select, rival.Poller, rival.Blocking)
	return g
}

var timeouts = []time.Duration{100 * time.Microsecond, 1500 * time.Microsecond, 3 * time.Millisecond}

func wakes() group {
	g := group{title: "Park and wake, on one processor", slice: 40 * time.Millisecond, share: 1,
		about: "A waiter is woken, wakes its partner, and waits again. The two are threads or goroutines of one " +
			"process, or the partner is a process in C. raw and x/sys block the thread.",
		tables: []table{{"Time of a round, relative to C-mt.", "ns", sharedC, 0}}}
	everybody := []string{plainC, sharedC, rival.Raw, rival.XSys, rival.Epoll, rival.Poller, rival.Blocking, rival.Goroutines}
	g.add(rowThreads, "threads", everybody...)
	g.add(rowProcess, "process", everybody...)
	return g
}

func handOffs() group {
	g := group{title: "Hand-off: from the end of a wait until a worker goroutine begins", slice: 60 * time.Millisecond, share: 1,
		about:  "raw and x/sys block the thread.",
		tables: []table{{"Median, in parts of 4 µs.", "p50", "", 4e3}, {"99th percentile, in parts of 4 µs.", "p99", "", 4e3}}}
	everybody := []string{rival.Raw, rival.XSys, rival.Epoll, rival.Poller, rival.Blocking}
	g.add(rowHandOff, "hand-off", everybody...)
	g.add(rowHandOffAll, "hand-off", everybody...)
	for i := len(everybody); i < len(g.entries); i++ {
		g.entries[i].anywhere = true
	}
	return g
}

func progress() group {
	g := group{title: "Other goroutines while a loop is saturated, with GOMAXPROCS=1", slice: 300 * time.Millisecond, share: 1.5,
		about: "raw is a loop of raw calls. raw, iomux/poll and iomux/selectfd wait with a timeout of 0, the others " +
			"without one.",
		tables: []table{{"The longest processor time of the loop before another goroutine ran, in a slice of 0.3 s, in parts of 25 ms.",
			"longest", "", 25e6}}}
	everybody := []string{rival.Raw, rival.XSys, rival.Epoll, rival.Poller, rival.Blocking, rival.Poll, rival.Select}
	g.add(rowOthers, "others 1", everybody...)
	g.add(rowOthersMany, "others 1000", rival.Raw, rival.Poller, rival.Poll, rival.Select)
	return g
}

func idle() group {
	g := group{title: "Idle waits and registrations", share: 0.2, tables: []table{
		{"Threads of 500 waiting goroutines, each with an epoll of its own.", "threads", "", 0},
		{"Resident bytes of a registration, of 10 000.", "bytes", "", 0}}}
	g.add(rowSleepers, "sleepers", rival.XSys, rival.Poller)
	g.add(rowFootprint, "footprint 10000", rival.Poller)
	for i := range g.entries {
		g.entries[i].fixed = 1
	}
	return g
}

func echo(load echoing) group {
	row := rowEcho(load.connections, load.window)
	g := group{title: "Echo: " + row, slice: 250 * time.Millisecond, share: 1.5,
		tables: []table{{"The server's processor time per message, relative to C-mt.", "cpu", sharedC, 0},
			{"Throughput, relative to C-mt (more is better).", "throughput", sharedC, 0},
			{"Median latency of a reply, relative to C-mt.", "p50", sharedC, 0},
			{"99th percentile of the latency, relative to C-mt.", "p99", sharedC, 0},
			{"The server's allocations per message.", "allocations", "", 0},
			{"The server's resident bytes per idle connection.", "bytes", "", 0}}}
	if load.connections > 1000 {
		g.share, g.apart = 4, true
	}
	for _, who := range []string{plainC, sharedC, rival.Raw, rival.XSys, rival.Epoll, rival.Poller, example, rival.Net, rival.Netpoll, libevent, libuv, python} {
		g.entries = append(g.entries, entry{row: row, who: who, work: []string{"echo"}, echo: &load})
	}
	return g
}
