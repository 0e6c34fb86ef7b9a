//go:build unix

package iomux_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"iomux"
	"iomux/descriptor"
)

// open returns a Poller for an example.
func open[K any](opts ...iomux.Option) *iomux.Poller[K] {
	p, err := iomux.New[K](opts...)
	if err != nil {
		log.Fatal(err)
	}
	return p
}

// pipe returns a pipe for an example.
func pipe() (r, w *os.File) {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	return r, w
}

// One loop can wait for descriptors and timers until the context is done.
func Example() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	r, w := pipe()
	defer func() { _, _ = r.Close(), w.Close() }()
	if _, err := p.Register(r, iomux.Readable, "pipe"); err != nil {
		fmt.Println(err)
	}
	if _, err := p.RegisterTimer(time.Hour, "timer"); err != nil {
		fmt.Println(err)
	}
	fmt.Fprint(w, "hello")

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	events := make([]iomux.Event[string], 64)
	for {
		n, err := p.Wait(ctx, events)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, event := range events[:n] {
			buffer := make([]byte, 64)
			n, err := r.Read(buffer)
			fmt.Printf("%s: %v: %q %v\n", event.Key, event.Ready, buffer[:n], err)
			cancel()
		}
	}
	// Output:
	// pipe: Readable: "hello" <nil>
	// context canceled
}

func ExampleNew() {
	p, err := iomux.New[int]()
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(p.Len(), p.Close(), errors.Is(p.Close(), os.ErrClosed))
	// Output: 0 <nil> true
}

// Poll works on every system, on Windows with sockets only.
func ExampleWithMechanism() {
	p := open[int](iomux.WithMechanism(iomux.Poll))
	defer func() { _ = p.Close() }()
	fmt.Println(p.Mechanism())
	// Output: poll
}

func ExampleOption() {
	options := []iomux.Option{iomux.WithMechanism(iomux.Select), iomux.WithBlocking()}
	p := open[int](options...)
	defer func() { _ = p.Close() }()
	fmt.Println(p.Mechanism())
	// Output: select
}

// A busy loop can block its thread to get timeouts as precise as the kernel's.
func ExampleWithBlocking() {
	p := open[int](iomux.WithBlocking())
	defer func() { _ = p.Close() }()
	var events [1]iomux.Event[int]
	start := time.Now()
	n, err := p.WaitTimeout(events[:], 5*time.Millisecond)
	fmt.Println(n, err, time.Since(start) >= 5*time.Millisecond)
	// Output: 0 <nil> true
}

// Close ends a loop from another goroutine.
func ExamplePoller() {
	p := open[int]()
	time.AfterFunc(time.Millisecond, func() { _ = p.Close() })
	var events [1]iomux.Event[int]
	_, err := p.Wait(context.Background(), events[:])
	fmt.Println(errors.Is(err, os.ErrClosed))
	// Output: true
}

// Register accepts connections of package net. Package descriptor reads from them without blocking.
func ExamplePoller_Register() {
	p := open[net.Conn]()
	defer func() { _ = p.Close() }()
	client, server := net.Conn(nil), net.Conn(nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		client, err = net.Dial("tcp", listener.Addr().String())
	}
	if err == nil {
		server, err = listener.Accept()
	}
	if err != nil {
		fmt.Println(err)
	}
	defer func() { _, _, _ = client.Close(), server.Close(), listener.Close() }()
	if _, err := p.Register(server, iomux.Readable, server); err != nil {
		fmt.Println(err)
	}
	fmt.Fprint(client, "hello")

	var events [8]iomux.Event[net.Conn]
	n, err := p.Wait(context.Background(), events[:])
	if err != nil {
		fmt.Println(err)
	}
	for _, event := range events[:n] {
		buffer := make([]byte, 64)
		n, err := event.Key.Read(buffer)
		fmt.Printf("%q %v\n", buffer[:n], err)
	}
	// Output: "hello" <nil>
}

func ExamplePoller_RegisterFD() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	r, w := pipe()
	defer func() { _, _ = r.Close(), w.Close() }()
	fd, err := descriptor.Of(w)
	if err != nil {
		fmt.Println(err)
	}
	if _, err := p.RegisterFD(fd, iomux.Writable, "writer"); err != nil {
		fmt.Println(err)
	}
	var events [1]iomux.Event[string]
	n, err := p.WaitTimeout(events[:], time.Second)
	fmt.Println(n, err, events[0].Key, events[0].Ready)
	// Output: 1 <nil> writer Writable
}

// Wait returns the cause of the context.
func ExamplePoller_Wait() {
	p := open[int]()
	defer func() { _ = p.Close() }()
	ctx, cancel := context.WithTimeoutCause(context.Background(), time.Millisecond, errors.New("no answer"))
	defer cancel()
	var events [8]iomux.Event[int]
	fmt.Println(p.Wait(ctx, events[:]))
	// Output: 0 no answer
}

func ExamplePoller_WaitTimeout() {
	p := open[int]()
	defer func() { _ = p.Close() }()
	var events [8]iomux.Event[int]
	fmt.Println(p.WaitTimeout(events[:], 300*time.Microsecond))
	// Output: 0 <nil>
}

// A worker wakes the loop after it has sent a result.
func ExamplePoller_Wake() {
	p := open[int]()
	defer func() { _ = p.Close() }()
	results := make(chan string, 1)
	go func() {
		results <- "done"
		_ = p.Wake()
	}()
	var events [8]iomux.Event[int]
	n, err := p.Wait(context.Background(), events[:])
	fmt.Println(n, err, <-results)
	// Output: 0 <nil> done
}

func ExamplePoller_Events() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	if _, err := p.RegisterTicker(time.Millisecond, "tick"); err != nil {
		fmt.Println(err)
	}
	ticks := 0
	for event, err := range p.Events(context.Background()) {
		if err != nil {
			fmt.Println(err)
		}
		fmt.Println(event.Key)
		if ticks++; ticks == 2 {
			break
		}
	}
	// Output:
	// tick
	// tick
}

// A program can use edge-triggered mode if the mechanism supports it.
func ExamplePoller_Supports() {
	p := open[int](iomux.WithMechanism(iomux.Poll))
	defer func() { _ = p.Close() }()
	interest := iomux.Readable
	if p.Supports(iomux.Edge) {
		interest |= iomux.Edge
	}
	fmt.Println(interest)
	// Output: Readable
}

// A one-shot source is reported once, until Modify. So only one of several goroutines handles it.
func ExampleRegistration() {
	p := open[string]()
	defer func() { _ = p.Close() }()
	r, w := pipe()
	defer func() { _, _ = r.Close(), w.Close() }()
	registration, err := p.Register(w, iomux.Writable|iomux.OneShot, "writer")
	if err != nil {
		fmt.Println(err)
	}
	var events [1]iomux.Event[string]
	wait := func() {
		n, err := p.WaitTimeout(events[:], time.Millisecond)
		fmt.Println(n, err)
	}
	wait()
	wait()
	if err := registration.Modify(iomux.Writable | iomux.OneShot); err != nil {
		fmt.Println(err)
	}
	wait()
	fmt.Println(events[0].Registration == registration, registration.Unregister(), p.Len())
	// Output:
	// 1 <nil>
	// 0 <nil>
	// 1 <nil>
	// true <nil> 0
}

func ExampleEvent() {
	handle := func(event iomux.Event[string]) {
		switch event.Kind {
		case iomux.KindIO:
			fmt.Println(event.Key, "is", event.Ready)
		case iomux.KindProcess:
			status, known := event.ExitStatus()
			fmt.Println(event.Key, "has exited with", status, known)
		case iomux.KindTimer:
			fmt.Println(event.Key, "has expired", event.Expirations(), "times")
		case iomux.KindSignal:
			fmt.Println(event.Key, event.Signal())
		case iomux.KindPath:
			fmt.Println(event.Key, "was", event.Change())
		}
	}
	handle(iomux.Event[string]{Key: "terminal", Ready: iomux.Readable | iomux.Hangup})
	handle(iomux.Event[string]{Key: "child", Kind: iomux.KindProcess, Status: 1})
	handle(iomux.Event[string]{Key: "ticker", Kind: iomux.KindTimer, Status: 2})
	handle(iomux.Event[string]{Key: "settings", Kind: iomux.KindPath, Status: int(iomux.Modified | iomux.Extended)})
	// Output:
	// terminal is Readable|Hangup
	// child has exited with 1 true
	// ticker has expired 2 times
	// settings was Modified|Extended
}

func ExampleInterest() {
	fmt.Println(iomux.Readable|iomux.ReadHangup|iomux.Edge, iomux.Interest(0))
	// Output: Readable|ReadHangup|Edge 0
}

func ExampleKind() {
	fmt.Println(iomux.KindIO, iomux.KindTimer, iomux.KindSignal, iomux.KindProcess)
	// Output: io timer signal process
}

// Wait detects that the peer has closed a connection, without reading from it.
func ExampleWait() {
	r, w := pipe()
	defer func() { _ = w.Close() }()
	time.AfterFunc(time.Millisecond, func() { _ = r.Close() })
	// Errors and hang-ups are reported without a request.
	ready, err := iomux.Wait(context.Background(), w, iomux.Interest(0))
	fmt.Println(ready&(iomux.Errored|iomux.Hangup) != 0, err)
	// Output: true <nil>
}
