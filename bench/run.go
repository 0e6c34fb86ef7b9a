//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"iomux/bench/rival"
)

// key names a cell of a group's tables.
type key struct{ row, who string }

// results holds the measured values by cell and metric, one for each round.
type results struct {
	values map[key]map[string][]float64
	rounds map[string]int // of groups, by title
	left   []leftOut
}

func newResults() *results {
	return &results{values: make(map[key]map[string][]float64), rounds: make(map[string]int)}
}

func (r *results) of(at key, metric string) []float64 { return r.values[at][metric] }

// leaveOut drops the values of an entry, and keeps the reason.
func (r *results) leaveOut(e entry, err error) {
	delete(r.values, key{e.row, e.who})
	r.left = append(r.left, leftOut{e.row, e.who, err})
}

func (r *results) isLeftOut(e entry) bool {
	return slices.ContainsFunc(r.left, func(l leftOut) bool { return l.row == e.row && l.who == e.who })
}

type leftOut struct {
	row, who string
	err      error
}

// contestant is an entry that is ready to be measured.
type contestant interface {
	ask(n int) (measurement, error)
	close() error
}

type runner struct {
	rivals      *rivals
	results     *results
	progress    io.Writer
	first, last int // processors
	most        int // rounds
}

const (
	fewest = 3 // rounds of a session, even if there is no time left

	// sessions is the number of sessions of a group. Each starts new processes, because the
	// placement of its memory makes a process fast or slow until it ends.
	sessions = 3
)

// newRunner returns a runner. Most is the largest number of rounds of a group.
func newRunner(all *rivals, progress io.Writer, most int) *runner {
	r := &runner{rivals: all, results: newResults(), progress: progress, most: most}
	r.first, r.last = processors()
	return r
}

// competitor is an entry with its process.
type competitor struct {
	entry
	contestant

	operations int
}

// runAll measures the groups in about the allowed time, which they divide by their shares.
func (r *runner) runAll(groups []group, allowed time.Duration) {
	left := 0.0 // shares
	for _, g := range groups {
		left += g.share
	}
	deadline := time.Now().Add(allowed)
	for _, g := range groups {
		r.run(g, time.Duration(g.share/left*float64(time.Until(deadline))))
		left -= g.share
	}
}

// run measures a group in about the allowed time.
func (r *runner) run(g group, allowed time.Duration) {
	begun := time.Now()
	for i := 0; i < sessions && !g.apart; i++ {
		if i > 0 && time.Since(begun) > allowed {
			break
		}
		all := r.gather(g)
		r.session(all, (r.most*(i+1)+sessions-1)/sessions, begun.Add(allowed*time.Duration(i+1)/sessions), g.title)
		for _, one := range all {
			_ = one.close()
		}
	}
	if g.apart {
		r.oneByOne(g, begun.Add(allowed), begun.Add(2*allowed))
	}
	fmt.Fprintf(r.progress, "%d rounds: %s\n", r.results.rounds[g.title], g.title)
}

// oneByOne makes rounds in which each process is started, measured and ended before the next one.
// So all processes get the same memory from the kernel. Memory that a virtual machine has not used
// before can be several times as slow.
func (r *runner) oneByOne(g group, deadline, latest time.Time) {
	operations := make(map[key]int)
	entries := slices.Clone(g.entries)
	for round := 0; round < r.most && (round < fewest || time.Now().Before(deadline)); round++ {
		if round > 0 && time.Now().After(latest) {
			return // the machine is busy
		}
		rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		for _, e := range entries {
			if r.results.isLeftOut(e) {
				continue
			}
			if err := r.once(e, g, operations); err != nil {
				r.results.leaveOut(e, err)
			}
		}
		r.results.rounds[g.title]++
	}
}

func (r *runner) once(e entry, g group, operations map[key]int) error {
	one := &competitor{entry: e}
	var err error
	if one.contestant, err = r.begin(e); err != nil {
		return err
	}
	at := key{e.row, e.who}
	if one.operations = operations[at]; one.operations == 0 {
		one.operations, err = calibrate(one, g)
		operations[at] = one.operations
	}
	var took measurement
	if err == nil {
		took, err = one.ask(one.operations)
	}
	complaint := one.close()
	if err != nil {
		return errors.Join(err, complaint)
	}
	r.note(one, took)
	return nil
}

// gather starts the entries of a group, and leaves out those that fail.
func (r *runner) gather(g group) (all []*competitor) {
	for _, e := range g.entries {
		if r.results.isLeftOut(e) {
			continue
		}
		one := &competitor{entry: e}
		var err error
		if one.contestant, err = r.begin(e); err != nil {
			r.results.leaveOut(e, err)
			continue
		}
		if one.operations, err = calibrate(one, g); err != nil {
			r.results.leaveOut(e, errors.Join(err, one.close()))
			continue
		}
		all = append(all, one)
	}
	return all
}

// session makes rounds until the group has the number most of them or the deadline has passed.
func (r *runner) session(all []*competitor, most int, deadline time.Time, title string) {
	all = slices.Clone(all)
	for round := 0; len(all) > 0 && r.results.rounds[title] < most && (round < fewest || time.Now().Before(deadline)); round++ {
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		took, failed, err := r.round(all)
		if err != nil { // the round does not count
			r.results.leaveOut(all[failed].entry, errors.Join(err, all[failed].close()))
			all = slices.Delete(all, failed, failed+1)
			continue
		}
		for i, one := range all {
			r.note(one, took[i])
		}
		r.results.rounds[title]++
	}
}

func (r *runner) round(all []*competitor) (took []measurement, failed int, err error) {
	took = make([]measurement, len(all))
	for i, one := range all {
		if took[i], err = one.ask(one.operations); err != nil {
			return nil, i, err
		}
	}
	return took, 0, nil
}

// begin starts the processes of an entry.
func (r *runner) begin(e entry) (contestant, error) {
	processor := r.last
	if e.anywhere {
		processor = -1
	}
	command, err := r.rivals.command(e.who, e.work)
	if err != nil {
		return nil, err
	}
	if e.echo != nil {
		return r.beginEcho(command, processor, *e.echo)
	}
	c, _, err := start(command, processor, "ready")
	return c, err
}

// calibrate returns the number of operations that fill a slice. It measures processor time if the
// group's first table shows it, and elapsed time otherwise.
func calibrate(one *competitor, g group) (int, error) {
	slice, clock := g.slice, "ns"
	if len(g.tables) > 0 && g.tables[0].metric == "cpu" {
		clock = "cpu"
	}
	if one.fixed > 0 {
		return one.fixed, nil
	}
	n := 1
	if one.echo != nil {
		n = one.echo.connections
	}
	for {
		spent := time.Duration(math.MaxInt64)
		for range 2 { // another process may have used the processor during one of them
			took, err := one.ask(n)
			if err != nil {
				return 0, err
			}
			spent = min(spent, time.Duration(took[clock]))
		}
		if spent >= slice/8 {
			return max(1, int(float64(n)*float64(slice)/float64(spent))), nil
		}
		n *= 4
	}
}

// perOperation holds the metrics that are divided by the number of operations.
var perOperation = map[string]bool{"ns": true, "allocations": true, "cpu": true, "child": true}

func (r *runner) note(one *competitor, took measurement) {
	at := key{one.row, one.who}
	if r.results.values[at] == nil {
		r.results.values[at] = make(map[string][]float64)
	}
	for metric, value := range took {
		if perOperation[metric] {
			value /= float64(one.operations)
		}
		r.results.values[at][metric] = append(r.results.values[at][metric], value)
	}
}

// echoServer is a server and its load, on two processors.
type echoServer struct {
	server, load *child
	bytes        float64 // per idle connection
	counts       bool    // the server reports its allocations
}

func (r *runner) beginEcho(command *exec.Cmd, processor int, load echoing) (contestant, error) {
	server, address, err := start(command, processor, "listening on ")
	if err != nil {
		return nil, err
	}
	arguments := []string{"rival", "any", "load", address, strconv.Itoa(load.connections), strconv.Itoa(load.window)}
	client, _, err := start(exec.Command(r.rivals.self, arguments...), r.first, "ready")
	if err != nil {
		return nil, errors.Join(err, server.close())
	}
	e := &echoServer{server: server, load: client, counts: isOurs(command, r.rivals.self)}
	if err := e.fill(load.connections); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

// isOurs reports whether a server is part of this program.
func isOurs(command *exec.Cmd, self string) bool { return command.Path == self }

// fill connects all clients, and measures the memory of an idle connection.
func (e *echoServer) fill(connections int) error {
	before, err := e.server.resident()
	if err != nil {
		return err
	}
	if _, err := e.load.ask(0); err != nil {
		return err
	}
	after, err := e.server.resident()
	if connections > rival.FirstConnections {
		e.bytes = (after - before) / float64(connections-rival.FirstConnections)
	}
	return err
}

func (e *echoServer) allocations() (float64, error) {
	if !e.counts {
		return 0, nil
	}
	took, err := e.server.ask(0)
	return took["allocations"], err
}

func (e *echoServer) ask(n int) (measurement, error) {
	allocated, err := e.allocations()
	if err != nil {
		return nil, err
	}
	used, err := e.server.processorTime()
	if err != nil {
		return nil, err
	}
	took, err := e.load.ask(n)
	if err != nil {
		return nil, err
	}
	usedThen, err := e.server.processorTime()
	if err != nil {
		return nil, err
	}
	allocatedThen, err := e.allocations()
	if err != nil {
		return nil, err
	}
	took["cpu"] = float64(usedThen - used)
	took["throughput"] = float64(n) / took["ns"]
	delete(took, "allocations") // the load's
	if e.counts {
		took["allocations"] = allocatedThen - allocated
	}
	if e.bytes > 0 {
		took["bytes"] = e.bytes
	}
	return took, nil
}

func (e *echoServer) close() error { return errors.Join(e.load.close(), e.server.close()) }
