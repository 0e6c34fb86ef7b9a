//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"iomux/bench/rival"
)

// key is a cell of a group's tables.
type key struct{ row, who string }

// results are what was measured: by cell and metric, one value for each round.
type results struct {
	values map[key]map[string][]float64
	rounds map[string]int // of groups, by title
	left   []string       // what was left out, and why
}

func newResults() *results {
	return &results{values: make(map[key]map[string][]float64), rounds: make(map[string]int)}
}

func (r *results) of(at key, metric string) []float64 { return r.values[at][metric] }

func (r *results) leaveOut(e entry, err error) {
	line := fmt.Sprintf("%s, %s: %v", e.who, e.row, err)
	r.left = append(r.left, line)
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

const fewest = 5 // rounds, if there is time or not

// competitor is an entry with its process.
type competitor struct {
	entry
	contestant

	operations int
}

// run measures a group for about as long as it may take.
func (r *runner) run(g group, allowed time.Duration) {
	deadline := time.Now().Add(allowed)
	var all []*competitor
	defer func() {
		for _, one := range all {
			_ = one.close()
		}
	}()
	for _, e := range g.entries {
		one := &competitor{entry: e}
		var err error
		if one.contestant, err = r.begin(e); err != nil {
			r.results.leaveOut(e, err)
			continue
		}
		if one.operations, err = calibrate(one, g.slice); err != nil {
			r.results.leaveOut(e, errors.Join(err, one.close()))
			continue
		}
		all = append(all, one)
	}
	round := 0
	for round < r.most && (round < fewest || time.Now().Before(deadline)) {
		if len(all) == 0 {
			break
		}
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		took := make([]measurement, len(all))
		failed := -1
		for i, one := range all {
			var err error
			if took[i], err = one.ask(one.operations); err != nil {
				failed = i
				r.results.leaveOut(one.entry, errors.Join(err, one.close()))
				break
			}
		}
		if failed >= 0 { // the round does not count
			delete(r.results.values, key{all[failed].row, all[failed].who})
			all = slices.Delete(all, failed, failed+1)
			continue
		}
		for i, one := range all {
			r.note(one, took[i])
		}
		round++
	}
	r.results.rounds[g.title] = round
	fmt.Fprintf(r.progress, "%d rounds: %s\n", round, g.title)
}

// begin starts what an entry needs.
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

// calibrate finds how many operations fill a slice.
func calibrate(one *competitor, slice time.Duration) (int, error) {
	if one.fixed > 0 {
		return one.fixed, nil
	}
	n := 1
	if one.echo != nil {
		n = one.echo.connections
	}
	for {
		took, err := one.ask(n)
		if err != nil {
			return 0, err
		}
		switch spent := time.Duration(took["ns"]); {
		case spent < slice/8:
			n *= 4
		default:
			return max(1, int(float64(n)*float64(slice)/float64(spent))), nil
		}
	}
}

// perOperation are the metrics that count for each operation.
var perOperation = map[string]bool{"ns": true, "allocations": true, "cpu": true}

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

// echoServer is a server with its load, on two processors.
type echoServer struct {
	server, load *child
	bytes        float64 // of an idle connection
	counts       bool    // the server tells its allocations
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

// isOurs reports whether a server is one of this program's.
func isOurs(command *exec.Cmd, self string) bool { return command.Path == self }

// fill connects all clients, and finds what an idle connection takes.
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
