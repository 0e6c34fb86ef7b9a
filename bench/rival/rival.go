//go:build linux

// Package rival holds the measured programs that are written in Go: the waits of iomux and its
// rivals, the echo servers, and their load. Each runs in a process of its own.
package rival

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// The names of the rivals in the tables of results.
const (
	Raw        = "raw"
	XSys       = "x/sys"
	Epoll      = "iomux/epoll"
	Poll       = "iomux/poll"
	PollObject = "iomux/poll.Poller"
	Select     = "iomux/selectfd"
	SelectList = "iomux/selectfd.Select"
	Poller     = "iomux.Poller"
	Blocking   = "iomux.Poller blocking"
	EpollTry   = "iomux/epoll, descriptor"
	PollerTry  = "iomux.Poller, descriptor"
	Goroutines = "goroutines"
	AfterFunc  = "time.AfterFunc"
	Kqueue     = "iomux/kqueue"
	Stacked    = "epoll over kqueue"
	Command    = "iomux wait timer:1ms"
	Hello      = "a Go program that prints a line"
	Net        = "net"
	Netpoll    = "netpoll"

	WithoutContext = "iomux.Poller, WaitTimeout"

	OneGoroutine   = "1 goroutine"
	ManyGoroutines = "64 goroutines"
)

// work makes n operations, and returns its own measurements besides the time.
type work func(n int) map[string]float64

// works holds the functions that prepare the work of a rival.
var works = map[string]func(who string, numbers []int) (work, error){
	"ready":     ready,
	"change":    change,
	"modify":    modify,
	"poll":      polls,
	"select":    selects,
	"some":      some,
	"ring":      ring,
	"late":      late,
	"threads":   byGoroutine,
	"process":   byProcess,
	"hand-off":  handOff,
	"others":    others,
	"sleepers":  sleepers,
	"footprint": footprint,
	"several":   several,
	"resets":    resets,
	"expire":    expirations,
	"contexts":  contexts,
	"kqueue":    queues,
	"stacked":   stacked,
	"start":     starts,
	"contend":   contend,
	"reported":  reported,

	"scale-descriptors": scaleDescriptors,
	"scale-timers":      scaleTimers,
}

var errUnknown = errors.New("no such work")

// Run is the main function of a measuring process. The arguments are a rival, a kind of work, and
// numbers. Run first prints "ready". For each number in the input, it makes this number of
// operations, and prints their costs.
func Run(arguments []string) error {
	if len(arguments) < 2 {
		return errUnknown
	}
	who, what := arguments[0], arguments[1]
	switch what {
	case "echo":
		return serve(who)
	case "load":
		operations, err := load(arguments[2:])
		if err != nil {
			return err
		}
		return answer(func(n int) map[string]float64 { return measure(operations, n) })
	}
	begin := works[what]
	if begin == nil {
		return fmt.Errorf("%w: %s", errUnknown, what)
	}
	var numbers []int
	for _, argument := range arguments[2:] {
		number, err := strconv.Atoi(argument)
		if err != nil {
			return err
		}
		numbers = append(numbers, number)
	}
	operations, err := begin(who, numbers)
	if err != nil {
		return err
	}
	return answer(func(n int) map[string]float64 {
		if n > 1 {
			operations(n / 2)
		}
		return measure(operations, n)
	})
}

// answer makes the operations that standard input requests.
func answer(operations work) error {
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(operations(n)); err != nil {
			return err
		}
	}
	return lines.Err()
}

// measure returns the costs of n operations. Callers make other operations first, to warm up. After
// a pause the monitor of the Go runtime runs every 20 µs. It slows down only after some
// milliseconds of work.
func measure(operations work, n int) map[string]float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	used, start := processorTime(), time.Now()
	more := operations(n)
	took := time.Since(start)
	usedThen := processorTime()
	runtime.ReadMemStats(&after)
	if more == nil {
		more = make(map[string]float64)
	}
	more["ns"], more["cpu"] = float64(took), usedThen-used
	more["allocations"] = float64(after.Mallocs - before.Mallocs)
	return more
}

// processorTime returns the processor time of this process, in nanoseconds.
func processorTime() float64 {
	var used unix.Timespec
	must(unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &used))
	return float64(used.Nano())
}

// percentiles returns the median and the 99th percentile, in nanoseconds.
func percentiles(took []time.Duration) map[string]float64 {
	if len(took) == 0 {
		return nil
	}
	slices.Sort(took)
	return map[string]float64{
		"p50": float64(took[len(took)/2]),
		"p99": float64(took[len(took)*99/100]),
	}
}

// must ends the process after an error. The parent process reads the error from standard error, and
// leaves the rival out.
func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func expect(want, n int, err error) {
	if err == nil && n != want {
		err = fmt.Errorf("%d are ready, want %d", n, want)
	}
	must(err)
}
