package iomux_test

import (
	"fmt"

	"iomux"
)

// Whoever opens many descriptors looks first how many there may be.
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

// What is written in one piece to a pipe that is ready does not block and is not torn apart.
func Example_pipeBuf() {
	message := []byte("short enough")
	fmt.Println(iomux.PipeBuf == 0 || len(message) <= iomux.PipeBuf)
	// Output: true
}
