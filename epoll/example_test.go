//go:build linux

package epoll_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"iomux/descriptor"
	"iomux/epoll"
)

// Register a pipe, and wait until there is data to read. Of package descriptor, Of returns the
// descriptor of a file or a connection.
func Example() {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	poller, err := epoll.New()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()

	fd, err := descriptor.Of(r)
	if err != nil {
		log.Fatal(err)
	}
	if err := poller.Register(fd, epoll.In); err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(w, "hello")

	events := make([]epoll.Event, 8)
	n, err := poller.Poll(events, time.Second)
	if err != nil {
		log.Fatal(err)
	}
	for _, event := range events[:n] {
		fmt.Println(event.FD == int32(fd), event.Events)
	}
	// Output: true In
}

// New returns errors.ErrUnsupported on a system without epoll or an emulation.
func ExampleNew() {
	poller, err := epoll.New()
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		fmt.Println("there is no epoll: use package poll")
		return
	case err != nil:
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()
	fmt.Println("the kernel has epoll:", epoll.Native)
	// Output: the kernel has epoll: true
}

// A Poller holds the registrations, so each wait needs only room for ready descriptors.
func ExamplePoller() {
	poller, err := epoll.New()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()
	var readers, writers []int
	defer func() { closeAll(append(readers, writers...)...) }()
	for range 100 {
		r, w := pipe()
		readers, writers = append(readers, r), append(writers, w)
		if err := poller.Register(r, epoll.In); err != nil {
			log.Fatal(err)
		}
	}
	_, _ = descriptor.TryWrite(writers[42], []byte("hello"))

	n, err := poller.Poll(make([]epoll.Event, 8), -1)
	fmt.Println(n, err)
	// Output: 1 <nil>
}

// An edge-triggered registration reports each arrival once, so the program reads until EAGAIN.
func ExamplePoller_Register() {
	r, w := pipe()
	defer closeAll(r, w)
	poller, err := epoll.New()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()
	if err := poller.Register(r, epoll.In|epoll.ET); err != nil {
		log.Fatal(err)
	}
	_, _ = descriptor.TryWrite(w, []byte("two bytes at a time"))

	events := make([]epoll.Event, 8)
	for range 2 {
		n, err := poller.Poll(events, 0)
		fmt.Println(n, err)
	}
	buffer := make([]byte, 2)
	for {
		_, err := descriptor.TryRead(r, buffer)
		if err == unix.EAGAIN {
			break
		}
	}
	// Output:
	// 1 <nil>
	// 0 <nil>
}

// The tag identifies the registration of an event.
func ExamplePoller_RegisterTag() {
	r, w := pipe()
	defer closeAll(r, w)
	poller, err := epoll.New()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()

	sources := []string{"keyboard", "serial line"}
	if err := poller.RegisterTag(r, epoll.In, 1); err != nil {
		log.Fatal(err)
	}
	_, _ = descriptor.TryWrite(w, []byte("x"))

	events := make([]epoll.Event, 8)
	n, err := poller.Poll(events, -1)
	for _, event := range events[:n] {
		fmt.Println(sources[event.Tag], err)
	}
	// Output: serial line <nil>
}

// The data has room for an index and a generation, or for a key of 64 bits.
func ExamplePoller_RegisterData() {
	r, w := pipe()
	defer closeAll(r, w)
	poller, err := epoll.New()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()
	if err := poller.RegisterData(r, epoll.In, 0x1122334455667788); err != nil {
		log.Fatal(err)
	}
	_, _ = descriptor.TryWrite(w, []byte("x"))

	events := make([]epoll.Event, 8)
	n, err := poller.Poll(events, -1)
	for _, event := range events[:n] {
		fmt.Printf("%#x %v\n", event.Data(), err)
	}
	// Output: 0x1122334455667788 <nil>
}

// A one-shot registration reports one event. Modify arms it again.
func ExamplePoller_Modify() {
	r, w := pipe()
	defer closeAll(r, w)
	poller, err := epoll.New()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()
	if err := poller.Register(r, epoll.In|epoll.OneShot); err != nil {
		log.Fatal(err)
	}
	_, _ = descriptor.TryWrite(w, []byte("x"))

	events := make([]epoll.Event, 8)
	for range 2 {
		n, _ := poller.Poll(events, 0)
		fmt.Println(n)
	}
	if err := poller.Modify(r, epoll.In|epoll.OneShot); err != nil {
		log.Fatal(err)
	}
	n, _ := poller.Poll(events, 0)
	fmt.Println(n)
	// Output:
	// 1
	// 0
	// 1
}

// Close interrupts a waiting Poll.
func ExamplePoller_Close() {
	poller, err := epoll.New()
	if err != nil {
		log.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, func() { _ = poller.Close() })
	_, err = poller.Poll(make([]epoll.Event, 1), -1)
	fmt.Println(err)
	// Output: epoll: the poller is closed: file already closed
}

// FromFD takes over a descriptor that other code has opened, such as a C library.
func ExampleFromFD() {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		log.Fatal(err)
	}
	poller, err := epoll.FromFD(fd)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(poller.FD() == fd, poller.Close(), poller.FD())
	// Output: true <nil> -1
}

// All waits can use the same slice of events.
func ExampleEvent() {
	r, w := pipe()
	defer closeAll(r, w)
	poller, err := epoll.New()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()
	if err := poller.RegisterTag(w, epoll.Out, 42); err != nil {
		log.Fatal(err)
	}
	events := make([]epoll.Event, 8)
	for range 2 {
		n, err := poller.Poll(events, 0)
		fmt.Println(n, err, events[0].Events, events[0].FD == int32(w), events[0].Tag)
	}
	// Output:
	// 1 <nil> Out true 42
	// 1 <nil> Out true 42
}

func ExampleEvents() {
	fmt.Println(epoll.DefaultEvents, epoll.In|epoll.ET, epoll.Hup|0x1000)
	// Output: In|Pri|Out In|ET Hup|0x1000
}

// The flag exists for ported programs: the descriptor is always close-on-exec.
func ExampleFlag() {
	poller, err := epoll.New(epoll.CloseOnExec)
	fmt.Println(err, poller.Close())
	// Output: <nil> <nil>
}

func pipe() (r, w int) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		log.Fatal(err)
	}
	return fds[0], fds[1]
}

func closeAll(fds ...int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}

// An error of Register matches its errno with errors.Is, and errors.As unwraps the errno itself.
func ExamplePoller_Register_error() {
	poller, err := epoll.New()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = poller.Close() }()
	err = poller.Register(-1, epoll.In)
	var errno unix.Errno
	fmt.Println(errors.Is(err, unix.EBADF), errors.As(err, &errno), errno == unix.EBADF)
	// Output: true true true
}
