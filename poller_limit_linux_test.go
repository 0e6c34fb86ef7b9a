package iomux_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/test/suite"
	"iomux/kqueue"
)

// At the descriptor limit, New fails without a leak. The first wait of an existing Poller works,
// with and without WithBlocking.
func TestNoDescriptorLeft(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"short": time.Millisecond, "long": soon} {
		for _, below := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s,below=%v", name, below), func(t *testing.T) {
				inTurn(t, func(t *testing.T, p *iomux.Poller[int]) { waitAtTheLimit(t, p, timeout, below) })
			})
		}
	}
}

// waitAtTheLimit waits while limitDescriptors has lowered the limit.
func waitAtTheLimit(t *testing.T, p *iomux.Poller[int], timeout time.Duration, below bool) {
	fd, w := suite.Pipe(t)
	r := register(t, p, fd, iomux.Readable)
	leave := limitDescriptors(t, below)
	_, errNew := iomux.New[int]()
	timer := time.AfterFunc(quiet, func() { _, _ = unix.Write(w, []byte{1}) })
	defer timer.Stop()
	var events [1]iomux.Event[int]
	n, err := p.WaitTimeout(events[:], timeout)
	for start := time.Now(); n == 0 && err == nil && time.Since(start) < soon; {
		n, err = p.WaitTimeout(events[:], timeout)
	}
	leave()
	isErr(t, errNew, unix.EMFILE)
	if below && (p.Mechanism() == iomux.Poll || p.Mechanism() == iomux.DevPoll) {
		isErr(t, err, unix.EINVAL) // poll(2) refuses lists longer than the limit
		return
	}
	if n != 1 || err != nil || events[0].Registration != r {
		t.Errorf("events are %+v, %v, want Readable of %p", events[:n], err, r)
	}
}

// Sources without a descriptor of their own can be registered at the limit. RegisterProcess
// needs one.
func TestRegisterAtTheDescriptorLimit(t *testing.T) {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	pidfds := err == nil
	if pidfds {
		must(t, unix.Close(fd))
	}
	for _, below := range []bool{false, true} {
		t.Run(fmt.Sprintf("below=%v", below), func(t *testing.T) {
			inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
				switch p.Mechanism() {
				case iomux.Poll, iomux.DevPoll, iomux.EventPort: // they use poll(2)
					if below {
						t.Skip("poll(2) refuses lists longer than the limit")
					}
				}
				file := suite.File(t)
				self, err := os.FindProcess(os.Getpid())
				must(t, err)
				defer limitDescriptors(t, below)()
				expect(t, p, register(t, p, file, iomux.Readable|iomux.Writable), iomux.Readable|iomux.Writable)
				if !pidfds {
					t.Skip("without pidfd_open(2), RegisterProcess needs no descriptor")
				}
				_, err = p.RegisterProcess(self, 0)
				isErr(t, err, unix.EMFILE)
			})
		})
	}
}

// limitDescriptors sets the limit to the lowest free number, or below all open descriptors.
func limitDescriptors(t *testing.T, below bool) (leave func()) {
	t.Helper()
	if below {
		return suite.Limit(t, 0)
	}
	return suite.LimitReached(t)
}

// Epoll keeps reporting a closed descriptor while a duplicate is open. The Poller then renews its
// epoll, which needs a descriptor. If none is left, waits still work.
func TestClosedSourceAtTheDescriptorLimit(t *testing.T) {
	for _, timeout := range []time.Duration{0, time.Millisecond, 25 * time.Millisecond} {
		for _, waited := range []bool{false, true} {
			for _, below := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v,waited=%v,below=%v", timeout, waited, below), func(t *testing.T) {
					inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
						staleAtTheLimit(t, p, timeout, waited, below)
					})
				})
			}
		}
	}
}

func staleAtTheLimit(t *testing.T, p *iomux.Poller[int], timeout time.Duration, waited, below bool) {
	if below && (p.Mechanism() == iomux.Poll || p.Mechanism() == iomux.DevPoll) {
		t.Skip("poll(2) refuses lists longer than the limit")
	}
	if waited {
		expectNothing(t, p)
	}
	fd, w := suite.Pipe(t)
	r := register(t, p, fd, iomux.Readable)
	for i := range 3 {
		low, lowW := suite.Pipe(t)
		number := suite.High(t, low, 300+i)
		stale := register(t, p, number, iomux.Readable)
		suite.Write(t, lowW)
		suite.Close(t, number)
		must(t, stale.Unregister())
	}
	leave := limitDescriptors(t, below)
	defer leave()
	used := suite.ProcessorTime(t, func() {
		var events [1]iomux.Event[int]
		for range 4 {
			start := time.Now()
			n, err := p.WaitTimeout(events[:], timeout)
			if n != 0 || err != nil || time.Since(start) < timeout {
				t.Fatalf("events are %+v, %v after %v, want none after %v", events[:n], err, time.Since(start), timeout)
			}
		}
	})
	if timeout > quiet && used > timeout {
		t.Errorf("waits of %v used %v of processor time", 4*timeout, used)
	}
	for range 3 {
		suite.Write(t, w)
		expect(t, p, r, iomux.Readable)
		suite.Drain(t, fd)
	}
	leave()
	expectNothing(t, p)
}

// A goroutine that waits beside a sleeping one needs no descriptor either.
func TestSecondWaiterAtTheDescriptorLimit(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		r := register(t, p, fd, iomux.Readable)
		leave := suite.LimitReached(t)
		defer leave()
		done := make(chan error)
		go func() {
			var events [1]iomux.Event[int]
			n, err := p.WaitTimeout(events[:], soon)
			if err == nil && n == 0 {
				err = errors.New("no event")
			}
			done <- err
		}()
		time.Sleep(quiet)
		for _, timeout := range []time.Duration{0, 1, quiet} {
			var events [1]iomux.Event[int]
			if n, err := p.WaitTimeout(events[:], timeout); n != 0 || err != nil {
				t.Errorf("a wait of %v returned %d, %v", timeout, n, err)
			}
		}
		suite.Write(t, w)
		must(t, <-done)
		expect(t, p, r, iomux.Readable)
	})
}

// The Go runtime starts its netpoller no later than the first timer, and ends the program if it has
// no descriptor for that. New starts it instead, and calls without a Poller do not need it.
func TestNetpollerIsNotStartedAtTheDescriptorLimit(t *testing.T) {
	names := []string{"no Poller"}
	for name := range backends() {
		names = append(names, name)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			for _, free := range []string{"0", "1", "2"} {
				child := suite.Itself(t.Context())
				child.Env = append(os.Environ(), role+"=descriptor limit", "BACKEND="+name, "FREE="+free)
				if output, err := child.CombinedOutput(); err != nil {
					t.Errorf("with %s descriptors left: %v\n%s", free, err, output)
				}
			}
		})
	}
}

func init() { roles["descriptor limit"] = liveAtTheLimit }

// liveAtTheLimit sets the first timer of the process at the descriptor limit, in a wait beside
// another one.
func liveAtTheLimit() (status int) {
	var p *iomux.Poller[int]
	opts, waits := backends()[os.Getenv("BACKEND")]
	if waits {
		var err error
		if p, err = iomux.New[int](opts...); err != nil {
			return 2
		}
	}
	lowest, ok := leaveFree()
	if !ok {
		return 3
	}
	if !waits {
		iomux.Epoll.Limits() // reads a file
		if _, err := kqueue.FromFD(lowest); err == nil {
			return 4
		}
		return 0
	}
	go func() { _, _ = p.Wait(context.Background(), make([]iomux.Event[int], 1)) }()
	for start := time.Now(); time.Since(start) < quiet; { // time.Sleep would set a timer
		runtime.Gosched()
	}
	if n, err := p.WaitTimeout(make([]iomux.Event[int], 1), quiet); n != 0 || err != nil {
		return 5
	}
	return 0
}

// leaveFree lowers the descriptor limit, so that the variable FREE is the number of descriptors
// left. They follow lowest, which is open.
func leaveFree() (lowest int, ok bool) {
	free, err := strconv.Atoi(os.Getenv("FREE"))
	lowest, errDup := unix.Dup(0)
	limit := unix.Rlimit{Cur: uint64(lowest + free + 1), Max: uint64(lowest + free + 1)}
	errLimit := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	return lowest, err == nil && errDup == nil && errLimit == nil
}

// The first New starts the Go runtime's netpoller, which ends the program if it cannot open its
// descriptors.
func TestFirstNewAtTheDescriptorLimit(t *testing.T) {
	for free := range 7 {
		child := suite.Itself(t.Context())
		child.Env = append(os.Environ(), role+"=first New", "FREE="+strconv.Itoa(free))
		if output, err := child.CombinedOutput(); err != nil {
			t.Errorf("with %d descriptors left: %v\n%s", free, err, output)
		}
	}
}

func init() { roles["first New"] = newAtTheLimit }

// newAtTheLimit calls New for the first time at the descriptor limit.
func newAtTheLimit() (status int) {
	if _, ok := leaveFree(); !ok {
		return 2
	}
	p, err := iomux.New[int]()
	if errors.Is(err, unix.EMFILE) {
		return 0
	}
	if n, err := p.WaitTimeout(make([]iomux.Event[int], 1), quiet); n != 0 || err != nil {
		return 3
	}
	return 0
}
