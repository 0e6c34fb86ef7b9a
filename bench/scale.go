//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"

	"iomux/bench/rival"
)

// scales are the numbers of sources that the group of scale measures.
var scales = []int{1000, 5000, 19_000}

func rowScale(n int, kind string) string { return strconv.Itoa(n) + " " + kind }

// scaled lists the rows of the table.
var scaled = []struct{ what, kind, who, metric string }{
	{"descriptors: memory of the process", "descriptors", rival.Poller, rival.Resident},
	{"descriptors: memory of the kernel", "descriptors", rival.Poller, rival.Kernel},
	{"descriptors: register all", "descriptors", rival.Poller, rival.Register},
	{"descriptors: of that the kernel", "descriptors", rival.XSys, rival.Register},
	{"descriptors: an event of each, and a read", "descriptors", rival.Poller, rival.Deliver},
	{"descriptors: of that the kernel", "descriptors", rival.XSys, rival.Deliver},
	{"timers: memory of the process", "timers", rival.Poller, rival.Resident},
	{"timers: register all", "timers", rival.Poller, rival.Register},
	{"timers: reset and expiration of each", "timers", rival.Poller, rival.Deliver},
}

func scale() group {
	g := group{title: "Scale", share: 1, apart: true, also: scaleText,
		about: "A line is fitted to three numbers of sources. The last column is its value at 1 000 000. Times are processor " +
			"times of this machine. The kernel's share is what the same calls of x/sys take."}
	for _, n := range scales {
		g.add(rowScale(n, "descriptors"), "scale-descriptors "+strconv.Itoa(n), rival.XSys, rival.Poller)
		g.add(rowScale(n, "timers"), "scale-timers "+strconv.Itoa(n), rival.Poller)
	}
	for i := range g.entries {
		g.entries[i].fixed = 1
	}
	return g
}

// scaleText returns the table of the fitted lines.
func scaleText(r *results) string {
	var text strings.Builder
	text.WriteString("\n|")
	for _, n := range scales {
		text.WriteString(" | " + strconv.Itoa(n))
	}
	text.WriteString(" | for each | 1 000 000 |\n|---|---|---|---|---|---|\n")
	for _, s := range scaled {
		var medians []float64
		for _, n := range scales {
			medians = append(medians, spreadOf(r.of(key{rowScale(n, s.kind), s.who}, s.metric)).median)
		}
		text.WriteString("| " + s.what)
		for _, median := range medians {
			text.WriteString(" | " + quantity(s.metric, median))
		}
		constant, each := line(scales, medians)
		fmt.Fprintf(&text, " | %s | %s |\n", quantity(s.metric, each), quantity(s.metric, constant+each*1e6))
	}
	return text.String()
}

// quantity formats bytes or nanoseconds.
func quantity(metric string, value float64) string {
	units := []string{" ns", " µs", " ms", " s"}
	if metric == rival.Resident || metric == rival.Kernel {
		units = []string{" B", " kB", " MB", " GB"}
	}
	for value >= 1000 && len(units) > 1 {
		value, units = value/1000, units[1:]
	}
	return number(value) + units[0]
}

// line fits a line with the least squares of relative errors, so that no single point dominates.
func line(x []int, y []float64) (constant, slope float64) {
	var w, wx, wy, wxx, wxy float64
	for i, at := range x {
		weight := 1 / (float64(at) * float64(at))
		w += weight
		wx += weight * float64(at)
		wy += weight * y[i]
		wxx += weight * float64(at) * float64(at)
		wxy += weight * float64(at) * y[i]
	}
	slope = (w*wxy - wx*wy) / (w*wxx - wx*wx)
	return (wy - slope*wx) / w, slope
}
