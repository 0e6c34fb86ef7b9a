package iomux_test

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"iomux"
)

// The Go runtime interrupts goroutines with SIGURG. A registration reports these signals as well.
func TestSignalsOfTheRuntimeAreReported(t *testing.T) {
	p := poller(t, nil)
	_, err := p.RegisterSignal(syscall.SIGURG, 1)
	must(t, err)
	var stop atomic.Bool
	defer stop.Store(true)
	go func() {
		var turns int
		for !stop.Load() { // a loop without calls has to be interrupted
			turns++
		}
	}()
	var events [1]iomux.Event[int]
	for start := time.Now(); time.Since(start) < soon; {
		runtime.GC() // stops all goroutines
		n, err := p.WaitTimeout(events[:], time.Millisecond)
		must(t, err)
		if n == 1 {
			if events[0].Signal() != syscall.SIGURG {
				t.Errorf("signal is %v", events[0].Signal())
			}
			return
		}
	}
	t.Error("no signal of the runtime was reported")
}
