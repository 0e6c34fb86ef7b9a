//go:build unix

package devpoll_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"syscall"
	"time"

	"iomux/descriptor"
	"iomux/devpoll"
)

// watched returns a pipe that holds data, and a Poller with its reading end.
func watched() (poller *devpoll.Poller, r, w *os.File, fd int) {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(w, "hello")
	fd, err = descriptor.Of(r) // r, or another value that has a descriptor
	if err != nil {
		log.Fatal(err)
	}
	poller, err = devpoll.New()
	if err != nil {
		log.Fatal(err)
	}
	if err := poller.Register(fd, devpoll.In); err != nil {
		log.Fatal(err)
	}
	return poller, r, w, fd
}

// New emulates /dev/poll on systems without it. It returns errors.ErrUnsupported if the system has
// nothing to wait with.
func ExampleNew() {
	poller, err := devpoll.New()
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		fmt.Println("this system cannot wait on descriptors")
		return
	case err != nil:
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()
	fmt.Println("registered descriptors:", poller.Len())
	// Output: registered descriptors: 0
}

// Poll stores the ready descriptors in the caller's slice.
func ExamplePoller() {
	poller, r, w, fd := watched()
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

// A second Register replaces the events, and Unregister of an unknown descriptor is not an error.
func ExamplePoller_Register() {
	poller, r, w, fd := watched()
	defer func() { _, _, _ = poller.Close(), r.Close(), w.Close() }()

	events := make([]devpoll.Event, 8)
	n, err := poller.Poll(events, 0)
	fmt.Println(n, err)

	fmt.Println(poller.Register(fd, devpoll.Pri)) // a pipe never has urgent data
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
	poller, r, w, _ := watched()
	defer func() { _ = poller.Close() }()
	_, _ = r.Close(), w.Close()

	events := make([]devpoll.Event, 8)
	n, err := poller.Poll(events, 0)
	fmt.Println(n, err, events[0].Events)
	// Output: 1 <nil> Nval
}

// An error matches its errno with errors.Is, and errors.As unwraps the system call.
func ExamplePoller_Register_error() {
	poller, r, w, _ := watched()
	defer func() { _, _, _ = poller.Close(), r.Close(), w.Close() }()

	err := poller.Register(-1, devpoll.In)
	var call *os.SyscallError
	fmt.Println(errors.Is(err, syscall.EBADF), errors.As(err, &call) && call.Syscall == "write")
	// Output: true true
}

func ExampleEvents() {
	fmt.Println(devpoll.DefaultEvents, devpoll.In|devpoll.Hup, devpoll.Events(0))
	// Output: In|Pri|Out In|Hup 0
}

// Emulated selects the emulation on a system that has /dev/poll.
func ExampleOption() {
	poller, err := devpoll.New(devpoll.Emulated)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()
	fmt.Println(poller.Len())
	// Output: 0
}
