//go:build unix || windows

package poll_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"iomux/internal/test/suite"
	"iomux/poll"
)

// writable registers the writing ends of n pipes, which are always ready.
func writable(t testing.TB, poller *poll.Poller, n int) (fds []int) {
	t.Helper()
	for range n {
		_, w := suite.Pipe(t)
		fds = append(fds, w)
		must(t, poller.Register(w, poll.Out))
	}
	return fds
}

func TestListDoesNotGrowWithoutPoll(t *testing.T) {
	poller := poll.New()
	for range 1000 {
		must(t, poller.Register(0, poll.In))
		must(t, poller.Unregister(0))
	}
	if n := poll.Places(poller); n > 20 {
		t.Errorf("the list has %d places without a registration", n)
	}
}

func TestTurnsContinueAfterUnregister(t *testing.T) {
	poller := poll.New()
	fds := writable(t, poller, 8)
	if got := order(t, poller, 5); !slices.Equal(got, fds[:5]) {
		t.Errorf("turn is %v, want %v", got, fds[:5])
	}
	must(t, poller.Unregister(fds[1]))
	must(t, poller.Unregister(fds[5])) // the next one to be reported
	want := []int{fds[6], fds[7], fds[0]}
	if got := order(t, poller, 3); !slices.Equal(got, want) {
		t.Errorf("turn after Unregister is %v, want %v", got, want)
	}
	want = []int{fds[2], fds[3], fds[4], fds[6], fds[7]}
	if got := order(t, poller, 5); !slices.Equal(got, want) {
		t.Errorf("next turn is %v, want %v", got, want)
	}
	for _, fd := range []int{fds[2], fds[3], fds[4], fds[6], fds[7]} {
		must(t, poller.Unregister(fd))
	}
	if got := order(t, poller, 5); !slices.Equal(got, fds[:1]) {
		t.Errorf("turn of the last one is %v, want %v", got, fds[:1])
	}
}

// A descriptor that is removed after its turn and registered again comes after the remaining ones.
func TestDescriptorRegisteredAgainComesLast(t *testing.T) {
	poller := poll.New()
	r, w := suite.Pipe(t)
	must(t, poller.Register(r, poll.In))
	fds := writable(t, poller, 8)
	for turn := range 4 {
		got := order(t, poller, 3)
		if slices.Contains(got, r) {
			return
		}
		for _, fd := range got {
			must(t, poller.Unregister(fd))
			must(t, poller.Register(fd, poll.Out))
		}
		if turn == 0 {
			suite.Write(t, w)
		}
	}
	t.Errorf("descriptor %d was not reported, while each of %v was reported twice", r, fds)
}

// A wait stores where the next one begins, in a list that may have become shorter during the wait.
func TestListBecomesShorterDuringAPoll(t *testing.T) {
	poller := poll.New()
	idle, _ := suite.Pipe(t)
	var fds []int
	for range 58 {
		fds = append(fds, suite.High(t, idle, 300))
	}
	r, w := suite.Pipe(t)
	fds = append(fds, r, suite.High(t, r, 300))
	for _, fd := range fds {
		must(t, poller.Register(fd, poll.In))
	}
	ended := make(chan error)
	go func() {
		_, err := poller.Poll(make([]poll.Event, 1), soon)
		ended <- err
	}()
	time.Sleep(20 * time.Millisecond) // so that it waits
	for _, fd := range fds[:39] {
		must(t, poller.Unregister(fd))
	}
	if n := poll.Places(poller); n != 21 { // the last Unregister removed the holes
		t.Fatalf("the list has %d places, want 21", n)
	}
	suite.Write(t, w)
	must(t, <-ended)
	if got := order(t, poller, 8); len(got) != 2 {
		t.Errorf("ready are %v, want %v", got, fds[58:])
	}
}

// Concurrent waits must not share a list. The race detector sees it if they do.
func TestConcurrentPolls(t *testing.T) {
	poller := poll.New()
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	must(t, poller.Register(r, poll.In))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			events := make([]poll.Event, 2)
			for range 200 {
				n, err := poller.Poll(events, soon)
				if n != 1 || err != nil || events[0] != (poll.Event{FD: r, Events: poll.In}) {
					t.Errorf("Poll: %v, %v", events[:n], err)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestOtherGoroutinesRunDuringALoop(t *testing.T) {
	r, _ := suite.Pipe(t)
	fds := []poll.FD{{FD: int32(r), Events: poll.In}}
	suite.OthersRun(t, func() { _, _ = poll.Wait(fds, 0) })
}
