//go:build linux

package rival

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"iomux"
)

// manyTimers is the number of armed timers.
const manyTimers = 100_000

// resetter resets timer i to a duration.
type resetter func(i int, d time.Duration)

// resets resets one of many armed timers.
func resets(who string, _ []int) (work, error) {
	before := descriptors()
	reset, _, bytes, err := armed(who)
	opened := (descriptors() - before) / manyTimers
	return func(n int) map[string]float64 {
		for range n {
			reset(rand.IntN(manyTimers), time.Hour)
		}
		return map[string]float64{"bytes": bytes, "descriptors": opened}
	}, err
}

// expirations resets many timers to the same moment and waits until all have expired.
func expirations(who string, _ []int) (work, error) {
	reset, await, _, err := armed(who)
	return func(n int) map[string]float64 {
		for n > 0 {
			batch := min(n, manyTimers)
			for i := range batch {
				reset(i, time.Millisecond)
			}
			await(batch)
			n -= batch
		}
		return nil
	}, err
}

// armed arms many timers. It returns a function that resets one, a function that waits for n
// expirations, and the bytes of the heap per timer.
func armed(who string) (reset resetter, await func(n int), bytes float64, err error) {
	before := heap()
	reset, await, err = arm(who, manyTimers)
	return reset, await, (heap() - before) / manyTimers, err
}

// arm arms count timers.
func arm(who string, count int) (reset resetter, await func(n int), err error) {
	switch who {
	case Poller:
		return armPoller(count)
	case AfterFunc:
		reset, await = armAfterFunc(count)
		return reset, await, nil
	}
	return nil, nil, errUnknown
}

// descriptors returns the number of open descriptors of this process.
func descriptors() float64 {
	all, err := os.ReadDir("/proc/self/fd")
	must(err)
	return float64(len(all))
}

func heap() float64 {
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	return float64(memory.HeapAlloc)
}

func armPoller(count int) (resetter, func(int), error) {
	p, err := iomux.New[int]()
	if err != nil {
		return nil, nil, err
	}
	timers := make([]*iomux.Registration[int], count)
	for i := range timers {
		if timers[i], err = p.RegisterTimer(time.Hour, i); err != nil {
			return nil, nil, err
		}
	}
	events := make([]iomux.Event[int], 1024)
	reset := func(i int, d time.Duration) { must(timers[i].Reset(d)) }
	return reset, func(left int) {
		for left > 0 {
			n, err := p.Wait(context.Background(), events)
			must(err)
			left -= n
		}
	}, nil
}

func armAfterFunc(count int) (resetter, func(int)) {
	var left atomic.Int64
	done := make(chan struct{}, 1)
	timers := make([]*time.Timer, count)
	for i := range timers {
		timers[i] = time.AfterFunc(time.Hour, func() {
			if left.Add(-1) == 0 {
				done <- struct{}{}
			}
		})
	}
	reset := func(i int, d time.Duration) { timers[i].Reset(d) }
	return reset, func(n int) {
		if left.Add(int64(n)) > 0 { // otherwise all have expired already
			<-done
		}
	}
}

// contexts makes a context for each wait, and cancels it afterwards. WithoutContext makes the same
// context, but waits with a timeout instead. If numbers[0] is 1, each wait sleeps.
func contexts(who string, numbers []int) (work, error) {
	r, w, err := pipes(1)
	if err != nil {
		return nil, err
	}
	p, err := newPoller(Poller, r)
	if err != nil {
		return nil, err
	}
	if who != Poller && who != WithoutContext {
		return nil, errUnknown
	}
	ring := make(chan struct{})
	go func() {
		for range ring {
			_, err := rawWrite(w[0])
			must(err)
		}
	}()
	sleeps := numbers[0] == 1
	if !sleeps {
		ring <- struct{}{}
	}
	events := make([]iomux.Event[int], 8)
	return func(n int) map[string]float64 {
		for range n {
			if sleeps {
				ring <- struct{}{} // the other goroutine runs when this one waits
			}
			ready, err := waitOnce(p, events, who == Poller)
			expect(1, ready, err)
			if sleeps {
				_, err = rawRead(r[0])
				must(err)
			}
		}
		return nil
	}, nil
}

// waitOnce makes a context of a minute, and waits with it or else with a timeout.
func waitOnce(p *iomux.Poller[int], events []iomux.Event[int], withContext bool) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if withContext {
		return p.Wait(ctx, events)
	}
	return p.WaitTimeout(events, time.Minute)
}
