//go:build linux

package rival

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
)

// sleepers counts the threads of 500 waiting goroutines, each with a poller of its own.
func sleepers(who string, _ []int) (work, error) {
	before := statistic("/proc/self/status", "Threads:")
	return func(int) map[string]float64 {
		const count = 500
		done := make(chan struct{})
		var stops []func() error
		for range count {
			wait, stop, err := closable(who)
			must(err)
			stops = append(stops, stop)
			go func() {
				_ = wait() // stop may make it fail
				done <- struct{}{}
			}()
		}
		time.Sleep(100 * time.Millisecond)
		threads := statistic("/proc/self/status", "Threads:") - before
		for _, stop := range stops {
			must(stop())
			<-done
		}
		return map[string]float64{"threads": threads}
	}, nil
}

// closable returns a wait, and a function that ends it.
func closable(who string) (wait, stop func() error, err error) {
	switch who {
	case Poller:
		p, err := iomux.New[int]()
		return func() error {
			_, err := p.Wait(context.Background(), make([]iomux.Event[int], 1))
			return err
		}, p.Close, err
	case XSys:
		r, w, err := pipes(1)
		if err != nil {
			return nil, nil, err
		}
		wait, err := waiter(who, r, 1, -1)
		return func() error {
				_, err := wait()
				return err
			}, func() error {
				_, err := unix.Write(w[0], eight)
				return err
			}, err
	}
	return nil, nil, errUnknown
}

// statistic returns the number after a word in a file of /proc.
func statistic(path, after string) float64 {
	text, err := os.ReadFile(path)
	must(err)
	_, rest, _ := strings.Cut(string(text), after)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	number, err := strconv.ParseFloat(fields[0], 64)
	must(err)
	return number
}

// footprint measures the resident bytes of a registration.
func footprint(_ string, numbers []int) (work, error) {
	count := numbers[0]
	fds, err := eventfds(count, 0)
	if err != nil {
		return nil, err
	}
	return func(int) map[string]float64 {
		p, err := newPoller(Poller, fds[:1])
		must(err)
		before := resident()
		for i, fd := range fds[1:] {
			_, err := p.RegisterFD(fd, iomux.Readable, i)
			must(err)
		}
		grown := resident() - before
		must(p.Close())
		return map[string]float64{"bytes": grown / float64(count-1)}
	}, nil
}

// resident returns the resident memory of this process in bytes, after a garbage collection.
func resident() float64 {
	runtime.GC()
	debug.FreeOSMemory()
	return statistic("/proc/self/status", "VmRSS:") * 1024
}
