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
