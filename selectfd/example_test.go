//go:build unix

package selectfd_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"iomux/descriptor"
	"iomux/selectfd"
)

// The lists hold values that have a descriptor, and the results are these values.
func ExampleSelect() {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	fmt.Fprint(w, "hello")

	readable, _, _, err := selectfd.Select([]any{listener, r}, nil, nil, time.Second)
	if err != nil {
		log.Fatal(err)
	}
	for _, ready := range readable {
		fmt.Println(ready == r)
	}
	// Output: true
}

// A context interrupts a wait without a timeout.
func ExampleSelectContext() {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()

	readable, _, _, err := selectfd.SelectContext(ctx, []*os.File{r}, nil, nil, -1)
	fmt.Println(len(readable), err)
	// Output: 0 context deadline exceeded
}

// A cancelled wait returns the cause, and leaves the sets unchanged.
func ExampleWaitContext() {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	fd, err := descriptor.Of(r)
	if err != nil {
		log.Fatal(err)
	}
	var reading selectfd.Set
	reading.Add(fd)
	ctx, cancel := context.WithCancelCause(context.Background())
	go cancel(errors.New("the user has left"))

	_, err = selectfd.WaitContext(ctx, &reading, nil, nil, -1)
	fmt.Println(err, reading.Has(fd))
	// Output: the user has left true
}

// Wait leaves only ready members in the sets, so fill them again before the next call.
func ExampleWait() {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	fmt.Fprint(w, "hello")
	fd, err := descriptor.Of(r)
	if err != nil {
		log.Fatal(err)
	}

	var reading selectfd.Set
	for range 2 {
		reading.Add(fd)
		n, err := selectfd.Wait(&reading, nil, nil, 0)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(n, reading.Has(fd))
		if reading.Has(fd) {
			_, _ = descriptor.TryRead(fd, make([]byte, 8))
		}
	}
	// Output:
	// 1 true
	// 0 false
}

// An error names the closed descriptors. It matches its errno with errors.Is, and errors.As unwraps
// the system call.
func ExampleWait_closed() {
	var reading selectfd.Set
	reading.Add(1 << 30)
	_, err := selectfd.Wait(&reading, nil, nil, 0)
	var call *os.SyscallError
	fmt.Println(errors.Is(err, syscall.EBADF), errors.As(err, &call) && call.Syscall == "select")
	fmt.Println(strings.HasSuffix(err.Error(), "not open: [1073741824]"))
	// Output:
	// true true
	// true
}

// With three empty sets, Wait sleeps.
func ExampleWait_sleep() {
	start := time.Now()
	n, err := selectfd.Wait(nil, nil, nil, 1500*time.Microsecond)
	fmt.Println(n, err, time.Since(start) >= 1500*time.Microsecond)
	// Output: 0 <nil> true
}

// A Set has no limit of 1024, and uses no memory for numbers that cannot be descriptors.
func ExampleSet() {
	var set selectfd.Set
	for _, fd := range []int{5000, 3, 1 << 30} {
		set.Add(fd)
	}
	set.Remove(3)
	fmt.Println(set.Len(), set.Has(5000), slices.Collect(set.All()))
	// Output: 2 true [5000 1073741824]
}
