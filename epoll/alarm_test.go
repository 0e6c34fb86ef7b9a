//go:build linux

package epoll

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A program that becomes a daemon closes descriptors that it does not know, and their numbers are given to others.
func TestNewAfterTheAlarmWasClosedByOthers(t *testing.T) {
	reading, writing, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	defer writing.Close()
	other, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(other)
	for name, replacement := range map[string]int{"nothing": -1, "a pipe": int(reading.Fd()), "an epoll": other} {
		t.Run(name, func(t *testing.T) {
			number, err := alarm()
			if err != nil {
				t.Fatal(err)
			}
			if replacement < 0 {
				err = unix.Close(int(number))
			} else {
				err = unix.Dup3(replacement, int(number), unix.O_CLOEXEC)
				defer unix.Close(int(number))
			}
			if err != nil {
				t.Fatal(err)
			}
			closeWakes(t)
		})
	}
}

// closeWakes fails if a new Poller cannot be made, waited in and closed.
func closeWakes(t *testing.T) {
	t.Helper()
	poller, err := New()
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error)
	go func() {
		_, err := poller.Poll(make([]Event, 1), time.Minute)
		waited <- err
	}()
	time.Sleep(10 * time.Millisecond)
	if err := poller.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; !errors.Is(err, os.ErrClosed) {
		t.Fatalf("Poll returned %v, want os.ErrClosed", err)
	}
}
