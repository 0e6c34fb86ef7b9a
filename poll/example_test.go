//go:build unix

package poll_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"iomux/descriptor"
	"iomux/poll"
)

// files returns a pipe that holds data, and its descriptors.
func files() (r, w *os.File, rfd, wfd int) {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	rfd, err = descriptor.Of(r)
	if err != nil {
		log.Fatal(err)
	}
	wfd, err = descriptor.Of(w)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(w, "hello")
	return r, w, rfd, wfd
}

// Wait stores the ready events in the caller's list.
func ExampleWait() {
	r, w, rfd, wfd := files()
	defer func() { _, _ = r.Close(), w.Close() }()

	fds := []poll.FD{{FD: int32(rfd), Events: poll.In}, {FD: int32(wfd), Events: poll.In | poll.Out}}
	n, err := poll.Wait(fds, time.Second)
	fmt.Println(n, err)
	for _, fd := range fds {
		fmt.Println(fd.Events, "->", fd.Revents)
	}
	// Output:
	// 2 <nil>
	// In -> In
	// In|Out -> Out
}

// A cancelled context interrupts a wait without a timeout.
func ExampleWaitContext() {
	r, w, rfd, _ := files()
	defer func() { _, _ = r.Close(), w.Close() }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	fds := []poll.FD{{FD: int32(rfd), Events: poll.In}} // there is data to read
	n, err := poll.WaitContext(ctx, fds, -1)
	fmt.Println(n, err)
	fds[0].Events = poll.Pri // but no urgent data
	time.AfterFunc(10*time.Millisecond, cancel)
	n, err = poll.WaitContext(ctx, fds, -1)
	fmt.Println(n, err)
	// Output:
	// 1 <nil>
	// 0 context canceled
}

// The context makes Ctrl-C interrupt the wait.
func ExamplePoller_PollContext() {
	r, w, rfd, _ := files()
	defer func() { _, _ = r.Close(), w.Close() }()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	poller := poll.New()
	if err := poller.Register(rfd, poll.In); err != nil {
		log.Fatal(err)
	}
	events := make([]poll.Event, poller.Len())
	n, err := poller.PollContext(ctx, events, -1)
	fmt.Println(n, err, events[0].Events)
	// Output: 1 <nil> In
}

// The order of registration is the order of events.
func ExampleNew() {
	r, w, rfd, wfd := files()
	defer func() { _, _ = r.Close(), w.Close() }()

	poller := poll.New()
	if err := errors.Join(poller.Register(wfd, poll.Out), poller.Register(rfd, poll.In)); err != nil {
		log.Fatal(err)
	}
	events := make([]poll.Event, poller.Len())
	n, err := poller.Poll(events, time.Second)
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range events[:n] {
		fmt.Println(event.Events)
	}
	// Output:
	// Out
	// In
}

// A Poller keeps the list, as the polling objects of Python's module select do.
func ExamplePoller() {
	r, w, rfd, wfd := files()
	defer func() { _, _ = r.Close(), w.Close() }()

	poller := poll.New()
	if err := errors.Join(poller.Register(rfd, poll.In), poller.Register(wfd, poll.Out)); err != nil {
		log.Fatal(err)
	}
	events := make([]poll.Event, poller.Len())
	n, err := poller.Poll(events, time.Second)
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range events[:n] {
		switch event.FD {
		case rfd:
			fmt.Println("the pipe has data")
		case wfd:
			fmt.Println("the pipe has room")
		}
	}
	// Output:
	// the pipe has data
	// the pipe has room
}

// Unregister of an unknown descriptor is an error, as in Python, which raises a KeyError.
func ExamplePoller_Unregister() {
	err := poll.New().Unregister(7)
	fmt.Println(err, errors.Is(err, poll.ErrNotRegistered))
	// Output: poll: the descriptor is not registered: 7 true
}

// An error of Modify matches its errno with errors.Is, and errors.As unwraps the errno itself.
func ExamplePoller_Modify() {
	err := poll.New().Modify(7, poll.Out)
	var errno syscall.Errno
	fmt.Println(errors.Is(err, syscall.ENOENT), errors.As(err, &errno), errno == syscall.ENOENT)
	// Output: true true true
}

func ExampleEvents() {
	fmt.Println(poll.DefaultEvents, poll.In|poll.Hup, poll.Events(0))
	// Output: In|Pri|Out In|Hup 0
}

// Wait ignores an entry with a negative FD. The entry stays in the list.
func ExampleFD() {
	r, w, rfd, _ := files()
	defer func() { _, _ = r.Close(), w.Close() }()

	fds := []poll.FD{{FD: int32(rfd), Events: poll.In}}
	n, err := poll.Wait(fds, 0)
	fmt.Println(n, err)
	fds[0].FD = ^fds[0].FD // a second ^ returns the number
	n, err = poll.Wait(fds, 0)
	fmt.Println(n, err)
	// Output:
	// 1 <nil>
	// 0 <nil>
}

// A closed descriptor is an event, not an error.
func ExampleEvent() {
	r, w, rfd, _ := files()
	poller := poll.New()
	if err := poller.Register(rfd, poll.In); err != nil {
		log.Fatal(err)
	}
	_, _ = r.Close(), w.Close()

	var events [1]poll.Event
	n, err := poller.Poll(events[:], 0)
	fmt.Println(n, err, events[0].Events)
	// Output: 1 <nil> Nval
}
