//go:build unix

package poll_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"iomux/descriptor"
	"iomux/poll"
)

// files makes a pipe with something in it, and its descriptors.
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

// Wait is poll(2) itself, on a list that the caller owns.
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

// A context ends a wait that has no end of its own.
func ExampleWaitContext() {
	r, w, rfd, _ := files()
	defer func() { _, _ = r.Close(), w.Close() }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	fds := []poll.FD{{FD: int32(rfd), Events: poll.In}} // there is something to read
	n, err := poll.WaitContext(ctx, fds, -1)
	fmt.Println(n, err)
	fds[0].Events = poll.Pri // and nothing urgent
	time.AfterFunc(10*time.Millisecond, cancel)
	n, err = poll.WaitContext(ctx, fds, -1)
	fmt.Println(n, err)
	// Output:
	// 1 <nil>
	// 0 context canceled
}

// The context of a program that is to end at Ctrl-C ends its waits.
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

// A Poller keeps the list, as the polling objects of Python's module select do.
func ExamplePoller() {
	r, w, rfd, wfd := files()
	defer func() { _, _ = r.Close(), w.Close() }()

	poller := poll.New()
	for _, fd := range []int{rfd, wfd} {
		if err := poller.Register(fd, poll.DefaultEvents); err != nil {
			log.Fatal(err)
		}
	}
	events := make([]poll.Event, poller.Len())
	n, err := poller.Poll(events, time.Second)
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range events[:n] {
		fmt.Println(event.FD == rfd, event.Events)
	}
	// Output:
	// true In
	// false Out
}

// What was never registered is an error, Python's KeyError.
func ExamplePoller_Unregister() {
	err := poll.New().Unregister(7)
	fmt.Println(err, errors.Is(err, poll.ErrNotRegistered))
	// Output: poll: the descriptor is not registered: 7 true
}

func ExampleEvents() {
	fmt.Println(poll.DefaultEvents, poll.In|poll.Hup, poll.Events(0))
	// Output: In|Pri|Out In|Hup 0
}

// A negative FD is passed over: that is how to leave an entry in the list and not wait for it.
func ExampleFD() {
	r, w, rfd, _ := files()
	defer func() { _, _ = r.Close(), w.Close() }()

	fds := []poll.FD{{FD: int32(rfd), Events: poll.In}}
	n, err := poll.Wait(fds, 0)
	fmt.Println(n, err)
	fds[0].FD = -1 - fds[0].FD
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
