//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"syscall"
	"time"

	"iomux/descriptor"
	"iomux/kqueue"
)

// FilterRead reports a pipe with data to read.
func Example() {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	queue, err := kqueue.New()
	if err != nil {
		log.Fatal(err)
	}
	defer queue.Close()

	fd, err := descriptor.Of(r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(w, "hello")
	events := make([]kqueue.Event, 8)
	n, err := queue.Control([]kqueue.Event{kqueue.NewEvent(uint64(fd))}, events, time.Second)
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range events[:n] {
		fmt.Println(event.Filter, event.Ident == uint64(fd), event.Data)
	}
	// Output: FilterRead true 5
}

// A Queue also waits for sources without a descriptor, such as a periodic timer.
func ExampleQueue() {
	queue, err := kqueue.New()
	if err != nil {
		log.Fatal(err)
	}
	defer queue.Close()
	every10ms := kqueue.Event{Ident: 7, Filter: kqueue.FilterTimer, Flags: kqueue.EvAdd, Data: 10}
	changes := []kqueue.Event{every10ms}
	events := make([]kqueue.Event, 8)
	for range 2 {
		n, err := queue.Control(changes, events, -1)
		if err != nil {
			log.Fatal(err)
		}
		for _, event := range events[:n] {
			fmt.Println(event.Filter, event.Ident)
		}
		changes = nil // the registration remains
	}
	// Output:
	// FilterTimer 7
	// FilterTimer 7
}

// A receipt reports the result of each change.
func ExampleQueue_Control() {
	queue, err := kqueue.New()
	if err != nil {
		log.Fatal(err)
	}
	defer queue.Close()
	list := []kqueue.Event{
		{Ident: 1, Filter: kqueue.FilterTimer, Flags: kqueue.EvAdd | kqueue.EvReceipt, Data: 10},
		{Ident: 2, Filter: kqueue.FilterTimer, Flags: kqueue.EvDelete},
	}
	n, err := queue.Control(list, list, -1) // both lists may be the same slice
	if err != nil {
		log.Fatal(err)
	}
	for _, answer := range list[:n] {
		fmt.Println(answer.Ident, answer.Flags, answer.Data != 0)
	}
	n, err = queue.Control(nil, list, -1)
	fmt.Println(n, list[0].Ident, list[0].Filter, err)
	// Output:
	// 1 EvError false
	// 2 EvError true
	// 1 1 FilterTimer <nil>
}

// New returns errors.ErrUnsupported on a system without kqueue or an emulation.
func ExampleNew() {
	queue, err := kqueue.New()
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		fmt.Println("there is no kqueue: use package epoll or poll")
		return
	case err != nil:
		log.Fatal(err)
	}
	defer queue.Close()
	fmt.Println("the queue has a descriptor:", queue.FD() >= 0)
	// Output: the queue has a descriptor: true
}

// Two Queues of one descriptor share their registrations and events.
func ExampleFromFD() {
	queue, err := kqueue.New()
	if err != nil {
		log.Fatal(err)
	}
	same, err := kqueue.FromFD(queue.FD())
	if err != nil {
		log.Fatal(err)
	}
	defer same.Close() // closes the descriptor that both have
	timer := kqueue.Event{Ident: 1, Filter: kqueue.FilterTimer, Flags: kqueue.EvAdd | kqueue.EvOneShot, Data: 1}
	if _, err := queue.Control([]kqueue.Event{timer}, nil, 0); err != nil {
		log.Fatal(err)
	}
	n, err := same.Control(nil, make([]kqueue.Event, 1), time.Second)
	fmt.Println(n, err)
	// Output: 1 <nil>
}

// A queue is readable while an event is pending, so another queue can watch it.
func ExampleQueue_FD() {
	inner, err := kqueue.New()
	if err != nil {
		log.Fatal(err)
	}
	defer inner.Close()
	outer, err := kqueue.New()
	if err != nil {
		log.Fatal(err)
	}
	defer outer.Close()
	timer := kqueue.Event{Ident: 1, Filter: kqueue.FilterTimer, Flags: kqueue.EvAdd, Data: 1}
	if _, err := inner.Control([]kqueue.Event{timer}, nil, 0); err != nil {
		log.Fatal(err)
	}
	events := make([]kqueue.Event, 1)
	n, err := outer.Control([]kqueue.Event{kqueue.NewEvent(uint64(inner.FD()))}, events, time.Second)
	fmt.Println(n, events[0].Ident == uint64(inner.FD()), err)
	// Output: 1 true <nil>
}

// Close interrupts the waits of other goroutines.
func ExampleQueue_Close() {
	queue, err := kqueue.New()
	if err != nil {
		log.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, func() { _ = queue.Close() })
	_, err = queue.Control(nil, make([]kqueue.Event, 1), -1)
	fmt.Println(errors.Is(err, os.ErrClosed))
	// Output: true
}

// An error of Control matches its errno with errors.Is, and errors.As unwraps the errno itself.
func ExampleQueue_Control_error() {
	queue, err := kqueue.New()
	if err != nil {
		log.Fatal(err)
	}
	defer queue.Close()
	unknown := kqueue.Event{Ident: 1, Filter: kqueue.FilterTimer, Flags: kqueue.EvDelete}
	_, err = queue.Control([]kqueue.Event{unknown}, nil, 0)
	var errno syscall.Errno
	fmt.Println(errors.Is(err, syscall.ENOENT), errors.As(err, &errno), errno == syscall.ENOENT)
	// Output: true true true
}
