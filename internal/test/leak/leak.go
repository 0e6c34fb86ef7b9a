// Package leak makes a package's tests fail if they leave a descriptor or a goroutine behind.
package leak

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"iomux/internal/fdref"
	"iomux/internal/test/network"
)

// origins holds the stack that opened each descriptor, for the message about a leak.
var origins sync.Map // of int to string

// patience is how long Main waits for finalizers and goroutines that are about to end.
const patience = 2 * time.Second

// Opened records the caller as the place that opened fd. Package fdref calls it for the objects of
// this module, and the helpers of the tests call it for theirs.
func Opened(fd int) {
	stack := make([]byte, 4096)
	origins.Store(fd, string(stack[:runtime.Stack(stack, false)]))
}

// Main runs the tests of a package and exits. A package's TestMain calls it.
func Main(m *testing.M) {
	flag.Parse()
	if err := temporary(); err != nil {
		fmt.Fprintln(os.Stderr, "leak: tests write to the temporary folder, which TMPDIR names:", err)
		os.Exit(1)
	}
	sideBySide()
	// Before the trace, because the tests get the numbers that it closes.
	startRuntimePoller()
	if flag.Lookup("test.bench").Value.String() == "" { // benchmarks would measure it
		fdref.Trace(Opened)
	}
	skipExamples()
	descriptors, running := openDescriptors(), goroutines()
	status := m.Run()
	if status == 0 && !(noDescriptors(descriptors) && noGoroutines(running)) {
		status = 1
	}
	os.Exit(status)
}

// temporary returns why the temporary folder cannot hold files, or nil.
func temporary() error {
	file, err := os.CreateTemp("", "iomux")
	if err != nil {
		return err
	}
	_, err = file.Write(make([]byte, 1<<16))
	return errors.Join(err, file.Close(), os.Remove(file.Name()))
}

// sideBySide runs more parallel tests at once than there are processors, because most tests sleep.
// With few descriptors it runs one test at a time.
func sideBySide() {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	switch { // the flag exists and accepts numbers
	case FewDescriptors():
		_ = flag.Set("test.parallel", "1")
	case !given:
		_ = flag.Set("test.parallel", "8")
	}
}

// skipExamples skips all examples if the loopback interface is down, a system call is forbidden, or
// Linux has no /proc. Examples cannot skip themselves.
func skipExamples() {
	err := cmp.Or(network.Down(), Forbidden())
	if err == nil && runtime.GOOS == "linux" {
		_, err = os.Stat("/proc/self")
	}
	if skip := flag.Lookup("test.skip").Value; err != nil && skip.String() == "" {
		fmt.Println("all examples are skipped:", err)
		_ = skip.Set("^Example") // the flag accepts expressions
	}
}

// noDescriptors reports whether every open descriptor is in before or belongs to the Go runtime.
func noDescriptors(before map[int]bool) bool {
	var left []int
	for start := time.Now(); time.Since(start) < patience; time.Sleep(20 * time.Millisecond) {
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
			origin = "(neither an object of this module nor a test helper opened it)"
		}
		fmt.Fprintf(os.Stderr, "leak: the tests left descriptor %d (%s) open, which was opened here:\n%s\n", fd, describe(fd), origin)
	}
	return false
}
