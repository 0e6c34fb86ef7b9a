//go:build unix || windows

package suite

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var concurrentTests = []test{
	{name: "RegisterReachesAWaitUnderWay", live: true, run: registerWhileWaiting},
	{name: "ModifyReachesAWaitUnderWay", live: true, run: modifyWhileWaiting},
	{name: "ChangesDoNotWaitForAWait", memory: true, run: changesDoNotWait},
	{name: "LevelIsReportedToEveryWaiter", live: true, run: levelEveryWaiter},
	{name: "ReadyIsReportedBesideASleep", live: true, run: readyBesideASleep},
	{name: "HangUpIsReportedBesideSleeps", live: true, reports: Hup | Err, run: hangUpBesideSleeps},
	{name: "ShutDownIsReportedBesideSleeps", live: true, reports: RdHup, run: shutDownBesideSleeps},
	{name: "UrgentDataIsReportedBesideSleeps", live: true, reports: Pri, run: urgentBesideSleeps},
	{name: "TenGoroutinesOnEachOfTenObjects", live: true, run: tenByTen},
	{name: "TwoObjectsShareADescriptor", run: twoObjects},
	{name: "CloseEndsAllWaits", wakes: true, run: closeEndsWaits},
	{name: "CloseEndsAWaitThatBeginsMeanwhile", wakes: true, run: closeRace},
	{name: "UseAfterClose", wakes: true, run: useAfterClose},
}

// soonWaiting starts a wait in a goroutine and gives it time to begin.
func soonWaiting(waiter Waiter) chan error {
	result := make(chan error, 1)
	go func() {
		events, err := waiter.Wait(1, soon)
		if err == nil && len(events) == 0 {
			err = errors.New("the wait timed out")
		}
		result <- err
	}()
	time.Sleep(quiet)
	return result
}

func registerWhileWaiting(t *testing.T, m Mechanism) {
	for _, early := range []bool{true, false} {
		r, w := Pipe(t)
		waiter := object(t, m)
		result := soonWaiting(waiter)
		if early {
			Write(t, w)
		}
		Must(t, waiter.Register(r, In, Level))
		if !early {
			Write(t, w)
		}
		Must(t, <-result)
		expect(t, m, waiter, r, In, Hup)
	}
}

func modifyWhileWaiting(t *testing.T, m Mechanism) {
	a, b := SocketPair(t, syscall.SOCK_STREAM)
	waiter := watching(t, m, a, In, Level)
	result := soonWaiting(waiter)
	Must(t, waiter.Modify(a, Out, Level))
	Must(t, <-result)
	expect(t, m, waiter, a, Out, In|Hup)
	Must(t, waiter.Modify(a, 0, Level))
	result = soonWaiting(waiter)
	Must(t, waiter.Modify(a, In, Level))
	Write(t, b)
	Must(t, <-result)
	expect(t, m, waiter, a, In, Out|Hup)
}

// changesDoNotWait changes an object while another goroutine waits on it. The changes must not
// block until that wait ends, and they take effect on the next wait at the latest.
func changesDoNotWait(t *testing.T, m Mechanism) {
	reader, writer := Pipe(t)
	r, w := Pipe(t)
	waiter := watching(t, m, reader, In, Level)
	result := soonWaiting(waiter)
	start := time.Now()
	Must(t, waiter.Register(r, In, Level))
	Must(t, waiter.Modify(r, Out, Level))
	Must(t, waiter.Modify(r, In, Level))
	Must(t, waiter.Unregister(r))
	Must(t, waiter.Register(r, In, Level))
	if took := time.Since(start); took > soon/2 {
		t.Errorf("the changes took %v", took)
	}
	Write(t, writer)
	Must(t, <-result)
	Drain(t, reader)
	Write(t, w)
	expect(t, m, waiter, r, In, Hup)
}

func levelEveryWaiter(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	first, second := soonWaiting(waiter), soonWaiting(waiter)
	Write(t, w)
	Must(t, <-first)
	Must(t, <-second)
}

// readyBesideASleep looks for a ready descriptor while another goroutine wakes up for it. The look
// must report it in every phase of that wake-up.
func readyBesideASleep(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	var over atomic.Bool
	var sleeper sync.WaitGroup
	sleeper.Go(func() {
		for !over.Load() {
			if _, err := waiter.Wait(1, soon); err != nil {
				t.Error("the sleep failed:", err)
			}
		}
	})
	defer func() {
		over.Store(true)
		Write(t, w)
		sleeper.Wait()
	}()
	rounds := 100
	if m.Brief || testing.Short() {
		rounds = 10
	}
	for range rounds {
		for timeout := time.Duration(0); timeout <= time.Millisecond; timeout = max(timeout*10, 1) {
			Write(t, w)
			for range 3 {
				if err := matches(m, wait(t, waiter, 1, timeout), r, In, Hup); err != nil {
					t.Fatalf("a wait of %v: %v", timeout, err)
				}
			}
			Drain(t, r)
		}
	}
}

func hangUpBesideSleeps(t *testing.T, m Mechanism) {
	r, w := Pipe(t)
	waiter := watching(t, m, r, 0, Level)
	if runtime.GOOS == "windows" {
		Reset(t, w)
	} else {
		Close(t, w)
	}
	isReportedBesideSleeps(t, m, waiter, r, Hup)
}

func shutDownBesideSleeps(t *testing.T, m Mechanism) {
	a, b := TCPPair(t)
	waiter := watching(t, m, a, RdHup, Level)
	ShutDown(t, b)
	isReportedBesideSleeps(t, m, waiter, a, RdHup)
}

func urgentBesideSleeps(t *testing.T, m Mechanism) {
	client, server := TCPPair(t)
	waiter := watching(t, m, server, Pri, Level)
	SendUrgent(t, client)
	isReportedBesideSleeps(t, m, waiter, server, Pri)
}

// isReportedBesideSleeps looks for a condition that lasts, while other goroutines return it again
// and again. Each look must report it.
func isReportedBesideSleeps(t *testing.T, m Mechanism, waiter Waiter, fd int, want Events) {
	t.Helper()
	expect(t, m, waiter, fd, want, 0)
	var over atomic.Bool
	var sleepers sync.WaitGroup
	for range 2 {
		sleepers.Go(func() {
			for !over.Load() {
				if err := waitAndMatch(m, waiter, soon, fd, want); err != nil {
					t.Error("a sleep:", err)
				}
			}
		})
	}
	defer sleepers.Wait()
	defer over.Store(true)
	for look := range 300 {
		if err := waitAndMatch(m, waiter, time.Duration(look%2), fd, want); err != nil {
			t.Fatalf("look %d: %v", look, err)
		}
	}
}

func waitAndMatch(m Mechanism, waiter Waiter, timeout time.Duration, fd int, want Events) error {
	events, err := waiter.Wait(1, timeout)
	if err == nil {
		err = matches(m, events, fd, want, 0)
	}
	return err
}

// tenByTen makes many goroutines wait for the same descriptor. All of them must return it.
func tenByTen(t *testing.T, m Mechanism) {
	const objects, waiters = 10, 10
	r, w := Pipe(t)
	results := make(chan error)
	for range objects {
		waiter := watching(t, m, r, In, Level)
		for range waiters {
			go func() {
				events, err := waiter.Wait(1, soon)
				if err == nil {
					err = matches(m, events, r, In, Out|Pri|Err|Hup|RdHup)
				}
				results <- err
			}()
		}
	}
	time.Sleep(quiet) // most of them wait by now
	Write(t, w)
	for range objects * waiters {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// twoObjects watches a descriptor with two objects. Each reports it as if it were alone.
func twoObjects(t *testing.T, m Mechanism) {
	for _, mode := range m.allModes() {
		r, w := Pipe(t)
		both := []Waiter{watching(t, m, r, In, mode), watching(t, m, r, In, mode)}
		for round := range 2 {
			for _, waiter := range both {
				if round == 0 || mode != Level {
					expectNothing(t, waiter)
				}
			}
			Write(t, w)
			for _, waiter := range both {
				if round == 0 || mode&OneShot == 0 {
					expect(t, m, waiter, r, In, Hup)
				} else {
					expectNothing(t, waiter)
				}
			}
		}
		Drain(t, r)
		for _, waiter := range both {
			expectNothing(t, waiter)
			Must(t, waiter.Unregister(r))
		}
	}
}

func closeEndsWaits(t *testing.T, m Mechanism) {
	const waiters = 10
	r, _ := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	var results []chan error
	for range waiters {
		result := make(chan error, 1)
		go func() {
			_, err := waiter.Wait(1, -1)
			result <- err
		}()
		results = append(results, result)
	}
	time.Sleep(quiet)
	Must(t, waiter.Close())
	for _, result := range results {
		if err := <-result; !errors.Is(err, os.ErrClosed) {
			t.Errorf("a wait ended with %v, want os.ErrClosed", err)
		}
	}
}

// closeRace closes objects at about the time when a wait, a change and a second Close begin.
func closeRace(t *testing.T, m Mechanism) {
	r, _ := Pipe(t)
	for range 200 {
		waiter, err := m.New()
		Must(t, err)
		Must(t, waiter.Register(r, In, Level))
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if _, err := waiter.Wait(1, -1); !errors.Is(err, os.ErrClosed) {
					t.Errorf("a wait ended with %v, want os.ErrClosed", err)
				}
			})
			all.Go(func() { closedOrNil(t, waiter.Modify(r, In, Level)) })
			all.Go(func() { closedOrNil(t, waiter.Close()) })
		}
		all.Wait()
	}
}

func closedOrNil(t *testing.T, err error) {
	if err != nil && !errors.Is(err, os.ErrClosed) {
		t.Errorf("error is %v, want os.ErrClosed or none", err)
	}
}

func useAfterClose(t *testing.T, m Mechanism) {
	r, _ := Pipe(t)
	waiter := watching(t, m, r, In, Level)
	Must(t, waiter.Close())
	_, err := waiter.Wait(1, soon)
	for _, err := range []error{
		err, waiter.Register(r, In, Level), waiter.Modify(r, In, Level), waiter.Unregister(r), waiter.Close(),
		waiter.Register(-1, In, Level),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("error is %v, want os.ErrClosed", err)
		}
	}
}
