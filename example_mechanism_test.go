package iomux_test

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"iomux"
)

func ExampleMechanism() {
	fmt.Println(iomux.Epoll, iomux.Kqueue, iomux.Mechanism(200))
	// Output: epoll kqueue unknown
}

func ExampleMechanisms() {
	for _, m := range iomux.Mechanisms() {
		if m.Native() && m.Limits().Resolution <= 0 {
			fmt.Println(m, "has no clock")
		}
	}
	// Output:
}

// Old programs ask for the error of select by its old name.
func ExampleError() {
	err := fmt.Errorf("serial line: %w", os.NewSyscallError("poll", syscall.ENOMEM))
	if failure, ok := errors.AsType[*iomux.Error](err); ok {
		fmt.Println(failure.Syscall)
	}
	// Output: poll
}

// A program that wants epoll's edge-triggered mode, and can do without.
func ExampleMechanism_Available() {
	chosen := iomux.Poll
	for _, m := range []iomux.Mechanism{iomux.Epoll, iomux.Kqueue} {
		if m.Available() {
			chosen = m
		}
	}
	fmt.Println(chosen.String() != "")
	// Output: true
}

// An available mechanism that is not native is emulated: it works alike, at another price.
func ExampleMechanism_Native() {
	for _, m := range iomux.Mechanisms() {
		if !m.Native() {
			fmt.Fprintln(os.Stderr, m, "is emulated")
		}
	}
	// Output:
}

func ExampleMechanism_String() {
	fmt.Println(iomux.DevPoll.String())
	// Output: devpoll
}

func ExampleMechanism_Limits() {
	limits := iomux.Poll.Limits()
	fmt.Println(limits.Entries == limits.Descriptors) // zero both where there is no poll(2)
	// Output: true
}

// A program that opens many descriptors first checks how many it may open.
func ExampleLimits() {
	const connections = 100_000
	for _, m := range iomux.Mechanisms() {
		limits := m.Limits()
		if limits.Descriptors != 0 && limits.Descriptors < 3 {
			fmt.Println("raise RLIMIT_NOFILE: it is", limits.Descriptors, "and not", connections)
		}
	}
	// Output:
}

// A short message to a pipe that is ready is written in one piece, without blocking.
func Example_pipeBuf() {
	message := []byte("short enough")
	fmt.Println(iomux.PipeBuf == 0 || len(message) <= iomux.PipeBuf)
	// Output: true
}
