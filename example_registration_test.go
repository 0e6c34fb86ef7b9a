//go:build unix

package iomux_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"iomux"
)

// regularFile returns a file for an example.
func regularFile() *os.File {
	file, err := os.CreateTemp("", "iomux")
	if err == nil {
		err = os.Remove(file.Name())
	}
	if err != nil {
		log.Fatal(err)
	}
	return file
}

// A loop should wait for Writable only while it has data to write.
func ExampleRegistration_Modify() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	r, w := pipe()
	defer func() { _, _ = r.Close(), w.Close() }()
	registration, err := p.Register(w, iomux.Interest(0), "writer")
	if err != nil {
		fmt.Println(err)
	}
	var events [1]iomux.Event[string]
	fmt.Println(p.WaitTimeout(events[:], 0))
	if err := registration.Modify(iomux.Writable); err != nil {
		fmt.Println(err)
	}
	n, err := p.WaitTimeout(events[:], time.Second)
	fmt.Println(n, err, events[0].Ready)
	// Output:
	// 0 <nil>
	// 1 <nil> Writable
}

// Unregister a source before you close it. The other order works as well.
func ExampleRegistration_Unregister() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	r, w := pipe()
	defer func() { _ = w.Close() }()
	registration, err := p.Register(r, iomux.Readable, "reader")
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(registration.Unregister(), r.Close(), p.Len())
	fmt.Println(registration.Unregister())
	// Output:
	// <nil> <nil> 0
	// iomux: unregister: not registered
}

// A regular file makes every wait return at once. If the mechanism detects it, the program can read
// the file without waiting.
func ExampleRegistration_AlwaysReady() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	file := regularFile()
	defer func() { _ = file.Close() }()
	registration, err := p.Register(file, iomux.Readable, "file")
	if err != nil {
		fmt.Println(err)
	}
	var events [1]iomux.Event[string]
	n, err := p.WaitTimeout(events[:], time.Second)
	fmt.Println(n, err, events[0].Ready)
	if p.Mechanism() == iomux.Epoll { // other mechanisms may not detect it
		fmt.Println(registration.AlwaysReady())
	} else {
		fmt.Println(true)
	}
	// Output:
	// 1 <nil> Readable
	// true
}

func ExamplePoller_Len() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	timer, err := p.RegisterTimer(time.Hour, "timer")
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(p.Len(), timer.Unregister(), p.Len())
	// Output: 1 <nil> 0
}

func ExamplePoller_Mechanism() {
	p := open[string](iomux.WithMechanism(iomux.Select))
	defer func() { _ = p.Close() }()
	fmt.Println(p.Mechanism())
	// Output: select
}

// Close interrupts the waits of all goroutines.
func ExamplePoller_Close() {
	p := open[string]()
	ended := make(chan error)
	for range 2 {
		go func() {
			var events [1]iomux.Event[string]
			_, err := p.Wait(context.Background(), events[:])
			ended <- err
		}()
	}
	fmt.Println(p.Close())
	fmt.Println(errors.Is(<-ended, os.ErrClosed), errors.Is(<-ended, os.ErrClosed))
	// Output:
	// <nil>
	// true true
}

// Register returns ErrNotPollable for a source that the mechanism cannot wait for.
func Example_errNotPollable() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	file := regularFile()
	defer func() { _ = file.Close() }()
	_, err := p.Register(file, iomux.Priority, "file")
	if p.Mechanism() == iomux.Epoll { // other mechanisms accept it and report nothing
		fmt.Println(errors.Is(err, iomux.ErrNotPollable), errors.Is(err, errors.ErrUnsupported))
	} else {
		fmt.Println(true, true)
	}
	// Output: true true
}

// The exit status of a process that is not a child is not known on every system.
func Example_statusUnknown() {
	report := func(event iomux.Event[string]) {
		status, known := event.ExitStatus()
		if !known {
			fmt.Println(event.Key, "has exited")
			return
		}
		fmt.Println(event.Key, "has exited with", status)
	}
	report(iomux.Event[string]{Key: "child", Kind: iomux.KindProcess, Status: 1})
	report(iomux.Event[string]{Key: "daemon", Kind: iomux.KindProcess, Status: iomux.StatusUnknown})
	// Output:
	// child has exited with 1
	// daemon has exited
}

func ExampleInterest_String() {
	fmt.Println((iomux.Readable | iomux.OneShot).String())
	// Output: Readable|OneShot
}

func ExampleKind_String() {
	fmt.Println(iomux.KindProcess.String())
	// Output: process
}
