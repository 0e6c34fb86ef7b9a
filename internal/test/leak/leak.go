// Package leak makes a package's tests fail where they leave a descriptor or a goroutine behind.
package leak

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"iomux/internal/fdref"
)

// origins is where the descriptors of each number came from, for the message about a leak.
var origins sync.Map // of int to string

// Opened remembers the caller as the place where fd was made. Package owned calls it for the objects of this module, and the
// helpers of the tests for theirs.
func Opened(fd int) {
	stack := make([]byte, 4096)
	origins.Store(fd, string(stack[:runtime.Stack(stack, false)]))
}

// Main is what a package's TestMain calls.
func Main(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" { // benchmarks would measure it
		fdref.Trace(Opened)
	}
	startRuntimePoller()
	before := openDescriptors()
	status := m.Run()
	if status == 0 && !(clean(before) && noGoroutines()) {
		status = 1
	}
	os.Exit(status)
}

func noGoroutines() bool {
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, "leak:", err)
		return false
	}
	return true
}

// clean reports whether no descriptor is open that was not before. It gives finalizers, and goroutines that are about to
// close theirs, a moment.
func clean(before map[int]bool) bool {
	var left []int
	for start := time.Now(); time.Since(start) < time.Second; time.Sleep(20 * time.Millisecond) {
		runtime.GC()
		left = left[:0]
		for fd := range openDescriptors() {
			if !before[fd] && !ofRuntime(fd) {
				left = append(left, fd)
			}
		}
		if len(left) == 0 {
			return true
		}
	}
	for _, fd := range left {
		origin, _ := origins.Load(fd)
		if origin == nil {
			origin = "(not by this project's objects or helpers)"
		}
		fmt.Fprintf(os.Stderr, "leak: descriptor %d (%s) was left open; it was made here:\n%s\n", fd, describe(fd), origin)
	}
	return false
}
