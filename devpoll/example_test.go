//go:build unix

package devpoll_test

import (
	"fmt"
	"log"
	"os"
	"time"

	"iomux/descriptor"
	"iomux/devpoll"
)

// watched makes a pipe with something in it, and a Poller that has its reading end.
func watched(events devpoll.Events) (poller *devpoll.Poller, r, w *os.File, fd int) {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(w, "hello")
	fd, err = descriptor.Of(r) // of whatever has a descriptor
	if err != nil {
		log.Fatal(err)
	}
	poller, err = devpoll.New()
	if err != nil {
		log.Fatal(err)
	}
	if err := poller.Register(fd, events); err != nil {
		log.Fatal(err)
	}
	return poller, r, w, fd
}

func ExamplePoller() {
	poller, r, w, fd := watched(devpoll.DefaultEvents)
	defer func() { _, _, _ = poller.Close(), r.Close(), w.Close() }()

	events := make([]devpoll.Event, 8)
	n, err := poller.Poll(events, time.Second)
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range events[:n] {
		fmt.Println(event.FD == fd, event.Events)
	}
	// Output: true In
}

// To register twice is to replace what was asked for, and to unregister what is not registered is no error.
func ExamplePoller_Register() {
	poller, r, w, fd := watched(devpoll.In)
	defer func() { _, _, _ = poller.Close(), r.Close(), w.Close() }()

	events := make([]devpoll.Event, 8)
	n, err := poller.Poll(events, 0)
	fmt.Println(n, err)

	fmt.Println(poller.Register(fd, devpoll.Out)) // which the reading end of a pipe never is
	n, err = poller.Poll(events, 0)
	fmt.Println(n, err, poller.Len())

	fmt.Println(poller.Unregister(fd), poller.Unregister(fd), poller.Len())
	// Output:
	// 1 <nil>
	// <nil>
	// 0 <nil> 1
	// <nil> <nil> 0
}

// A closed descriptor is an event, not an error.
func ExampleEvent() {
	poller, r, w, _ := watched(devpoll.In)
	defer func() { _ = poller.Close() }()
	_, _ = r.Close(), w.Close()

	events := make([]devpoll.Event, 8)
	n, err := poller.Poll(events, 0)
	fmt.Println(n, err, events[0].Events)
	// Output: 1 <nil> Nval
}

func ExampleEvents() {
	fmt.Println(devpoll.DefaultEvents, devpoll.In|devpoll.Hup, devpoll.Events(0))
	// Output: In|Pri|Out In|Hup 0
}

// Who wants to know what the emulation does on a system that has /dev/poll can have both.
func ExampleOption() {
	poller, err := devpoll.New(devpoll.Emulated)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()
	fmt.Println(poller.Len())
	// Output: 0
}
