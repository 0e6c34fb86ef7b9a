//go:build unix

package descriptor_test

import (
	"fmt"
	"log"
	"net"
	"os"
	"syscall"

	"iomux/descriptor"
)

func ExampleOf() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = listener.Close() }()

	fd, err := descriptor.Of(listener)
	fmt.Println(fd > 2, err)
	_, err = descriptor.Of("a name is no descriptor")
	fmt.Println(err)
	// Output:
	// true <nil>
	// descriptor: a string has no descriptor: want an integer, a file, a connection or a method Fd
}

func ExampleTryRead() {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	fd, err := descriptor.Of(r)
	if err != nil {
		log.Fatal(err)
	}

	buffer := make([]byte, 16)
	_, err = descriptor.TryRead(fd, buffer)
	fmt.Println(err == syscall.EAGAIN)
	fmt.Fprint(w, "hello")
	n, err := descriptor.TryRead(fd, buffer)
	fmt.Printf("%s %v\n", buffer[:n], err)
	// Output:
	// true
	// hello <nil>
}

func ExampleTryWrite() {
	r, w, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _, _ = r.Close(), w.Close() }()
	fd, err := descriptor.Of(w)
	if err != nil {
		log.Fatal(err)
	}

	full := make([]byte, 1<<20)
	n, err := descriptor.TryWrite(fd, full)
	fmt.Println(n > 0 && n < len(full), err)
	_, err = descriptor.TryWrite(fd, full)
	fmt.Println(err == syscall.EAGAIN)
	// Output:
	// true <nil>
	// true
}
