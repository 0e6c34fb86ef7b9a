package leak

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// kept lists functions of goroutines that the standard library starts once and never ends. The last
// one is the function with which js calls into Go.
var kept = []string{"os/signal.loop(", "runtime.ensureSigM(", "runtime.handleEvent("}

// goroutines returns the stacks of all goroutines but the caller's, by the goroutine's number.
func goroutines() map[string]string {
	text := make([]byte, 1<<16)
	for n := runtime.Stack(text, true); n == len(text); n = runtime.Stack(text, true) {
		text = make([]byte, 2*len(text))
	}
	stacks := make(map[string]string)
	for _, stack := range strings.Split(strings.TrimRight(string(text), "\n\x00"), "\n\n")[1:] {
		number, _, _ := strings.Cut(stack, " [") // "goroutine 7 [running]:"
		stacks[number] = stack
	}
	return stacks
}

// noGoroutines reports whether every goroutine is in before or belongs to the standard library. It
// waits for those that are about to end.
func noGoroutines(before map[string]string) bool {
	var left []string
	for start := time.Now(); time.Since(start) < patience; time.Sleep(20 * time.Millisecond) {
		left = left[:0]
		for number, stack := range goroutines() {
			_, old := before[number]
			if !old && !slices.ContainsFunc(kept, func(name string) bool { return strings.Contains(stack, name) }) {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return true
		}
	}
	for _, stack := range left {
		fmt.Fprintf(os.Stderr, "leak: the tests left this goroutine:\n%s\n", stack)
	}
	return false
}
