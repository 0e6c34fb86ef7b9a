//go:build linux

package rival

import (
	"errors"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"iomux/poll"
	"iomux/selectfd"
)

// byGoroutine lets two goroutines of this process wake each other.
func byGoroutine(who string, _ []int) (work, error) {
	r, w, err := pipes(2)
	if err != nil {
		return nil, err
	}
	partner, err := sleeper(who, r[0])
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			partner()
			_, err := rawWrite(w[1])
			must(err)
		}
	}()
	return pings(who, w[0], r[1])
}

// byProcess lets another process wake this one. All rivals have the same partner, a program in C.
func byProcess(who string, _ []int) (work, error) {
	r, w, err := pipes(2)
	if err != nil {
		return nil, err
	}
	peer := exec.Command(os.Getenv(PeerVariable), "one", "peer")
	stdin, stdout := os.NewFile(uintptr(r[0]), "there"), os.NewFile(uintptr(w[1]), "back")
	peer.Stdin, peer.Stdout = stdin, stdout
	if err := errors.Join(peer.Start(), stdin.Close(), stdout.Close()); err != nil {
		return nil, err
	}
	return pings(who, w[0], r[1])
}

// PeerVariable is the environment variable that names the partner in C.
const PeerVariable = "IOMUX_BENCH_PEER"

// pings wakes the partner and waits for its reply.
func pings(who string, w, r int) (work, error) {
	wait, err := sleeper(who, r)
	return func(n int) map[string]float64 {
		for range n {
			_, err := rawWrite(w)
			must(err)
			wait()
		}
		return nil
	}, err
}

// sleeper returns a function that waits until fd is readable, and reads from it.
func sleeper(who string, fd int) (func(), error) {
	if who == Goroutines {
		file := os.NewFile(uintptr(fd), "pipe")
		buffer := make([]byte, 8)
		return func() {
			_, err := file.Read(buffer)
			must(err)
		}, nil
	}
	wait, err := waiter(who, []int{fd}, 8, -1)
	return func() {
		n, err := wait()
		expect(1, n, err)
		_, err = rawRead(fd)
		must(err)
	}, err
}

// handOff measures the time from the return of a wait until a worker goroutine begins to handle the
// event. A third goroutine makes the events.
func handOff(who string, _ []int) (work, error) {
	r, w, err := pipes(1)
	if err != nil {
		return nil, err
	}
	wait, err := sleeper(who, r[0])
	if err != nil {
		return nil, err
	}
	jobs, begun, next := make(chan time.Time), make(chan time.Duration, 1), make(chan struct{}, 1)
	go func() {
		for handed := range jobs {
			begun <- time.Since(handed)
		}
	}()
	go func() {
		for range next {
			time.Sleep(50 * time.Microsecond)
			_, err := rawWrite(w[0])
			must(err)
		}
	}()
	return func(n int) map[string]float64 {
		took := make([]time.Duration, 0, n)
		for range n {
			next <- struct{}{}
			wait()
			jobs <- time.Now()
			took = append(took, <-begun)
		}
		return percentiles(took)
	}, nil
}

// late measures how late timeouts are, and counts early ones.
func late(who string, numbers []int) (work, error) {
	timeout := time.Duration(numbers[0])
	var wait func() (int, error)
	switch who {
	case Poll:
		wait = func() (int, error) { return poll.Wait(nil, timeout) }
	case Select:
		wait = func() (int, error) { return selectfd.Wait(nil, nil, nil, timeout) }
	default:
		var err error
		if wait, err = waiter(who, nil, 8, timeout); err != nil {
			return nil, err
		}
	}
	return func(n int) map[string]float64 {
		took := make([]time.Duration, n)
		early := 0.0
		for i := range took {
			start := time.Now()
			ready, err := wait()
			expect(0, ready, err)
			if took[i] = time.Since(start) - timeout; took[i] < 0 {
				early++
			}
		}
		result := percentiles(took)
		result["early"] = early
		return result
	}, nil
}

// others measures how long a busy loop keeps another goroutine from running. The goroutine wants to
// run every 100 µs. The result is the longest processor time of this process between two runs, so
// other processes do not matter.
func others(who string, numbers []int) (work, error) {
	fds, err := eventfds(numbers[0], 1)
	if err != nil {
		return nil, err
	}
	var wait func() (int, error)
	switch who {
	case Poll:
		wait, err = pollWait(who, fds)
	case Select:
		wait, err = selectWait(who, fds)
	case Raw:
		wait, err = waiter(who, fds, 8, 0)
	default:
		wait, err = waiter(who, fds, 8, -1)
	}
	if err != nil {
		return nil, err
	}
	return func(n int) map[string]float64 {
		var stop atomic.Bool
		longest := make(chan float64)
		started := make(chan struct{})
		go func() {
			close(started)
			worst := 0.0
			for last := processorTime(); !stop.Load(); {
				time.Sleep(100 * time.Microsecond)
				now := processorTime()
				worst, last = max(worst, now-last), now
			}
			longest <- worst
		}()
		<-started
		repeat(1, wait)(n)
		stop.Store(true)
		return map[string]float64{"longest": <-longest}
	}, nil
}

// reported counts the waits with a short timeout that miss a ready descriptor.
func reported(who string, _ []int) (work, error) {
	fds, err := eventfds(1, 1)
	if err != nil {
		return nil, err
	}
	var waits []func() (int, error)
	for _, timeout := range []time.Duration{1, time.Microsecond, 100 * time.Microsecond, 1500 * time.Microsecond} {
		wait, err := readyWait(who, fds[0], timeout)
		if err != nil {
			return nil, err
		}
		waits = append(waits, wait)
	}
	return func(n int) map[string]float64 {
		missed := 0.0
		for i := range n {
			ready, err := waits[i%len(waits)]()
			must(err)
			missed += float64(1 - ready)
		}
		return map[string]float64{"missed": missed}
	}, nil
}

// readyWait returns a wait for fd, using the mechanism of the rival.
func readyWait(who string, fd int, timeout time.Duration) (func() (int, error), error) {
	switch who {
	case Poll:
		list := []poll.FD{{FD: int32(fd), Events: poll.In}}
		return func() (int, error) { return poll.Wait(list, timeout) }, nil
	case Select:
		return func() (int, error) {
			var set selectfd.Set
			set.Add(fd)
			return selectfd.Wait(&set, nil, nil, timeout)
		}, nil
	}
	return waiter(who, []int{fd}, 8, timeout)
}
