package timeout

import (
	"syscall"
	"testing"
	"time"
)

// What a host with signal handlers of its own asks for holds for the whole process, so it is taken back here.
func TestAnInterruptedWaitGoesOnUnlessTheHostWantsToKnow(t *testing.T) {
	defer interruptible.Store(false)
	for _, d := range []time.Duration{-1, 0, time.Hour} {
		countdown := Start(d)
		interruptible.Store(false)
		if !countdown.Again(-1, syscall.EINTR) {
			t.Errorf("%v: an interruption ends the wait", d)
		}
		ReturnInterruptions()
		if countdown.Again(-1, syscall.EINTR) {
			t.Errorf("%v: an interruption is waited through", d)
		}
	}
}
