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
	if len(os.Args) == 3 && os.Args[1] == "-scenario" { // inject has started the process
		runScenario(os.Args[2])
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

// TestOnlyALostEventFailsAScenario checks that a fault fails a scenario only if an event is lost.
func TestOnlyALostEventFailsAScenario(t *testing.T) {
	if reason := unable(); reason != "" {
		t.Skip(reason)
	}
	f := &fault{call: "ppoll", errno: "ENOMEM", occurrence: 1}
	if occurred, err := inject(t.Context(), "poll.Poller", f); !occurred || err != nil {
		t.Errorf("poll.Poller: occurred: %v, error: %v", occurred, err)
	}
	if occurred, err := inject(t.Context(), deaf, f); !occurred || err == nil || !strings.Contains(err.Error(), "an event is lost") {
		t.Errorf("an object that loses events: occurred: %v, error: %v", occurred, err)
	}
	if occurred, err := inject(t.Context(), deaf, nil); occurred || err != nil {
		t.Errorf("the same object without a fault: occurred: %v, error: %v", occurred, err)
	}
}
