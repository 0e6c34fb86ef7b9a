//go:build unix || windows

package suite

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// OthersRun calls f repeatedly on the only processor. The test fails if no other goroutine gets to
// run.
func OthersRun(t testing.TB, f func()) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var ran atomic.Bool
	go ran.Store(true)
	for deadline := time.Now().Add(soon); !ran.Load(); {
		for range 1000 {
			f()
		}
		if time.Now().After(deadline) {
			t.Fatalf("another goroutine did not get the processor for %v", soon)
		}
	}
}
