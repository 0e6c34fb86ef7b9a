package timeout

import (
	"syscall"
	"testing"
	"time"
)

// ReturnInterruptions affects the whole process, so the test resets it.
func TestInterruptionEndsAWaitOnlyIfTheHostAsksForIt(t *testing.T) {
	defer interruptible.Store(false)
	for _, d := range []time.Duration{-1, 0, time.Hour} {
		countdown := Start(d)
		interruptible.Store(false)
		if !countdown.Again(-1, syscall.EINTR) {
			t.Errorf("%v: an interruption ends the wait", d)
		}
		ReturnInterruptions()
		if countdown.Again(-1, syscall.EINTR) {
			t.Errorf("%v: an interruption does not end the wait", d)
		}
	}
}
