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
	// Output: epoll kqueue Mechanism(200)
}

func ExampleMechanisms() {
	for _, m := range iomux.Mechanisms() {
		if m.Native() && m.Limits().Resolution <= 0 {
			fmt.Println(m, "has no clock")
		}
	}
	// Output:
}

// Error is the old name of os.SyscallError.
func ExampleError() {
	err := fmt.Errorf("serial line: %w", os.NewSyscallError("poll", syscall.ENOMEM))
	if failure, ok := errors.AsType[*iomux.Error](err); ok {
		fmt.Println(failure.Syscall)
	}
	// Output: poll
}

// A program can use epoll's edge-triggered mode where it is available.
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

// An available mechanism that is not native is emulated. It has the same results, but another cost.
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
	fmt.Println(limits.Entries == limits.Descriptors) // both are 0 without poll(2)
	// Output: true
}

// A program can check how many descriptors it may open.
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

// A write of up to PipeBuf bytes to a writable pipe is atomic and does not block.
func Example_pipeBuf() {
	message := []byte("short enough")
	fmt.Println(iomux.PipeBuf == 0 || len(message) <= iomux.PipeBuf)
	// Output: true
}
