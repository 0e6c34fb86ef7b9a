//go:build linux

package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"iomux/bench/rival"
)

// surroundings describes the machine and the programs of a run.
type surroundings struct {
	facts   [][2]string
	started time.Time
}

func describe(all *rivals) *surroundings {
	s := &surroundings{started: time.Now()}
	add := func(name, value string) {
		if value = strings.TrimSpace(value); value != "" {
			s.facts = append(s.facts, [2]string{name, value})
		}
	}
	add("date", s.started.UTC().Format("2006-01-02 15:04 MST"))
	add("revision", output("git", "describe", "--always", "--dirty"))
	add("processor", fmt.Sprintf("%s, of which %d are used", model(), runtime.NumCPU()))
	add("hypervisor", hypervisor())
	add("32-bit programs", run32Bit())
	var system unix.Utsname
	if unix.Uname(&system) == nil {
		add("kernel", unix.ByteSliceToString(system.Sysname[:])+" "+unix.ByteSliceToString(system.Release[:])+" "+unix.ByteSliceToString(system.Machine[:]))
	}
	add("Go", runtime.Version())
	add("C", output("cc", "--version"))
	add("Python", all.version[python])
	add("libevent", all.version[libevent])
	add("libuv", all.version[libuv])
	add("libkqueue", all.version[libkqueue])
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "golang.org/x/sys" || module.Path == "github.com/cloudwego/netpoll" {
				add(module.Path, module.Version)
			}
		}
	}
	add("load of the last minute, before", load())
	return s
}

// finished adds the facts that are known after the last measurement.
func (s *surroundings) finished() {
	s.facts = append(s.facts, [2]string{"load of the last minute, after", load()},
		[2]string{"duration", time.Since(s.started).Round(time.Second).String()})
}

func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return strings.Fields(string(text))[0]
}

func model() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

const introduction = "# Results\n\n`make bench`" + ` writes this file. Times are ratios only, because the same work takes another time on
another machine. A cell is the median, over interleaved rounds, of the ratio within a round. The
quartiles are in brackets. Less is better unless a caption states otherwise.

Every program runs in a process of its own on the same processor, with GOMAXPROCS 1. Loads for
servers run on another processor. **C** has one thread. **C-mt** is the same program with a second,
idle thread, which makes the kernel count references of descriptors in each call. That is the limit
for Go, whose programs always have several threads. **raw** is RawSyscall, **x/sys** is
golang.org/x/sys/unix, and **goroutines** is one goroutine for each descriptor.
`

// report returns the text of RESULTS.md.
func report(about *surroundings, all []group, r *results) string {
	var text strings.Builder
	text.WriteString(introduction + "\n| | |\n|---|---|\n")
	for _, fact := range about.facts {
		fmt.Fprintf(&text, "| %s | %s |\n", fact[0], fact[1])
	}
	text.WriteString("\n## Goals\n\n" + goalTable(checks(), r))
	for _, g := range all {
		fmt.Fprintf(&text, "\n## %s\n\n", g.title)
		if g.about != "" {
			text.WriteString(wrap(g.about) + "\n\n")
		}
		fmt.Fprintf(&text, "%d rounds", r.rounds[g.title])
		if g.slice > 0 {
			fmt.Fprintf(&text, ", in slices of %v", g.slice)
		}
		text.WriteString(".\n")
		for _, t := range g.tables {
			text.WriteString(t.text(g, r))
		}
		if g.also != nil {
			text.WriteString(g.also(r))
		}
	}
	text.WriteString(leftOutList(r.left))
	return text.String()
}

// leftOutList returns the list of what was left out. It names each reason once.
func leftOutList(all []leftOut) string {
	var reasons []string
	rows := make(map[string][]string)
	for _, l := range all {
		why := strings.TrimPrefix(strings.ReplaceAll(l.err.Error(), "\n", ": "), "EOF: ")
		reason := l.who + ": " + why
		if rows[reason] == nil {
			reasons = append(reasons, reason)
		}
		rows[reason] = append(rows[reason], l.row)
	}
	if len(reasons) == 0 {
		return ""
	}
	var text strings.Builder
	text.WriteString("\n## Left out\n\n")
	for _, reason := range reasons {
		text.WriteString(wrap(fmt.Sprintf("- %s (%s)", reason, strings.Join(rows[reason], "; "))) + "\n")
	}
	return text.String()
}

// goalTable returns the table of the goals.
func goalTable(all []check, r *results) string {
	var text strings.Builder
	text.WriteString("| goal | measured | limit | result | |\n|---|---|---|---|---|\n")
	for _, c := range all {
		measured, verdict := c.verdict(r)
		shown := measured.text()
		if c.always {
			shown = number(measured.worst)
		}
		fmt.Fprintf(&text, "| %s | %s | ≤ %s | %s | %s |\n", c.goal, c.what, limit(c.limit), shown, verdict)
	}
	return text.String()
}

func limit(value float64) string {
	if value == math.Trunc(value) {
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.2f", value)
}

// text returns the table, with a column for each measured rival, or "" if there is none. If C is
// missing, the values are relative to the raw calls.
func (t table) text(g group, r *results) string {
	rows, columns := t.cells(g, r)
	if t.base == sharedC && !slices.Contains(columns, sharedC) {
		t.base, t.caption = rival.Raw, strings.ReplaceAll(t.caption, sharedC, rival.Raw)
	}
	if len(columns) == 0 {
		return ""
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\n%s\n\n| | %s |\n|---%s|\n", wrap(t.caption), strings.Join(columns, " | "), strings.Repeat("|---", len(columns)))
	for _, row := range rows {
		text.WriteString("| " + row)
		for _, who := range columns {
			text.WriteString(" | " + t.cell(key{row, who}, r))
		}
		text.WriteString(" |\n")
	}
	return text.String()
}

// cells returns the rows and columns that have values, in the order of the entries.
func (t table) cells(g group, r *results) (rows, columns []string) {
	for _, e := range g.entries {
		if len(r.of(key{e.row, e.who}, t.metric)) == 0 {
			continue
		}
		if !slices.Contains(rows, e.row) {
			rows = append(rows, e.row)
		}
		if !slices.Contains(columns, e.who) {
			columns = append(columns, e.who)
		}
	}
	return rows, columns
}

func (t table) cell(at key, r *results) string {
	values := r.of(at, t.metric)
	switch {
	case len(values) == 0:
		return "–"
	case t.base == at.who:
		return "1"
	case t.base != "":
		values = ratios(values, r.of(key{at.row, t.base}, t.metric))
	case t.bound != 0:
		values = shares(values, t.bound)
	}
	return spreadOf(values).text()
}

func (s spread) text() string {
	switch {
	case math.IsNaN(s.median):
		return "–"
	case number(s.lower) == number(s.upper):
		return number(s.median)
	}
	return fmt.Sprintf("%s (%s–%s)", number(s.median), number(s.lower), number(s.upper))
}

// number formats a value with three or more digits.
func number(value float64) string {
	switch {
	case value == 0:
		return "0"
	case math.Abs(value) < 10:
		return fmt.Sprintf("%.2f", value)
	case math.Abs(value) < 100:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.0f", value)
}

// wrap breaks a text into lines of at most 100 columns. It indents the lines of a list item after
// the first.
func wrap(text string) string {
	indent := ""
	if strings.HasPrefix(text, "- ") {
		indent = "  "
	}
	line, wrapped := "", ""
	for word := range strings.FieldsSeq(text) {
		if utf8.RuneCountInString(line+word) > 100 {
			wrapped += strings.TrimRight(line, " ") + "\n"
			line = indent
		}
		line += word + " "
	}
	return wrapped + strings.TrimRight(line, " ")
}

// output returns the first line that a program prints, or "" if it does not run.
func output(name string, arguments ...string) string {
	out, err := exec.Command(name, arguments...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}
