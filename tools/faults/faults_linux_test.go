package main

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// deaf is the name of an object that reports no events after a wait fails with ENOMEM.
const deaf = "deaf"

func TestMain(m *testing.M) {
	mechanisms[deaf] = newDeaf
	if len(os.Args) == 3 && os.Args[1] == "-life" { // strike has started the process
		live(os.Args[2])
		return
	}
	os.Exit(m.Run())
}

func newDeaf() (m mechanism, err error) {
	m, err = newPoll()
	wait, isDeaf := m.wait, false
	m.wait = func(timeout time.Duration) (fds []int, err error) {
		if isDeaf {
			time.Sleep(time.Millisecond)
			return nil, nil
		}
		fds, err = wait(timeout)
		isDeaf = errors.Is(err, unix.ENOMEM)
		return fds, err
	}
	return m, err
}

// TestOnlyALostEventFailsALife checks that a fault fails a life if an event is lost, and only
// then.
func TestOnlyALostEventFailsALife(t *testing.T) {
	if reason := unable(); reason != "" {
		t.Skip(reason)
	}
	f := &fault{call: "ppoll", errno: "ENOMEM", occurrence: 1}
	if hit, err := strike(t.Context(), "poll.Poller", f); !hit || err != nil {
		t.Errorf("poll.Poller: struck: %v, error: %v", hit, err)
	}
	if hit, err := strike(t.Context(), deaf, f); !hit || err == nil || !strings.Contains(err.Error(), "an event is lost") {
		t.Errorf("an object that loses events: struck: %v, error: %v", hit, err)
	}
	if hit, err := strike(t.Context(), deaf, nil); hit || err != nil {
		t.Errorf("the same object without a fault: struck: %v, error: %v", hit, err)
	}
}
