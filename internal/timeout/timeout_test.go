package timeout_test

import (
	"math"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"iomux/internal/timeout"
)

const day = 24 * time.Hour

func TestLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct{ total, passed, want time.Duration }{
			{-1, 0, -1}, {math.MinInt64, day, -1},
			{0, 0, 0}, {0, day, 0},
			{1, 0, 1}, {1, time.Hour, 0},
			{time.Second, time.Millisecond, 999 * time.Millisecond},
			{time.Second, time.Second, 0},
			{math.MaxInt64, 0, day}, {math.MaxInt64, 100 * day, day},
			{2 * day, day + time.Hour, 23 * time.Hour},
		} {
			countdown := timeout.Start(test.total)
			time.Sleep(test.passed)
			if got := countdown.Left(); got != test.want {
				t.Errorf("%v: %v left after %v, want %v", test.total, got, test.passed, test.want)
			}
		}
	})
}

func TestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			total, passed time.Duration
			n             int
			errno         syscall.Errno
			want          bool
		}{
			{total: -1, n: 1}, {total: 0, n: 0}, {total: time.Second, n: 1},
			{total: time.Second, passed: time.Second},
			// The kernel's clock is coarse.
			{total: time.Second, passed: time.Second - 1, want: true},
			{total: 3 * day, passed: day, want: true},
			{total: -1, want: true},
			{total: -1, n: -1, errno: syscall.EINTR, want: true},
			{total: 0, n: -1, errno: syscall.EINTR, want: true},
			// Once more, without waiting.
			{total: time.Second, passed: time.Hour, n: -1, errno: syscall.EINTR, want: true},
			{total: -1, n: -1, errno: syscall.EBADF},
			{total: time.Second, n: -1, errno: syscall.EINVAL},
		} {
			countdown := timeout.Start(test.total)
			time.Sleep(test.passed)
			if got := countdown.Again(test.n, test.errno); got != test.want {
				t.Errorf("%+v: got %v", test, got)
			}
		}
	})
}

func TestFruitlessCallsEndAfterTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, total := range []time.Duration{0, time.Second} {
			countdown := timeout.Start(total)
			for passed := time.Duration(0); passed < total; passed += time.Millisecond {
				if !countdown.LookAgain(7) {
					t.Fatalf("a wait of %v ends after %v", total, passed)
				}
				time.Sleep(time.Millisecond)
			}
			const sources = 100
			looks := 1
			for countdown.LookAgain(uint64(looks%sources)) && looks < 10*sources {
				looks++
			}
			if looks < sources || looks > 4*sources {
				t.Errorf("a wait of %v makes %d calls after its end, want some more than %d", total, looks, sources)
			}
		}
		countdown := timeout.Start(0)
		for source := range uint64(1000) {
			if !countdown.LookAgain(source) {
				t.Fatalf("a wait ends after %d of 1000 sources", source)
			}
		}
		endless := timeout.Start(-1)
		for range 1000 {
			if !endless.LookAgain(7) {
				t.Fatal("a wait without a timeout ends")
			}
		}
	})
}

func TestUnitsAreRoundedUp(t *testing.T) {
	for _, test := range []struct {
		d            time.Duration
		milliseconds int
		microseconds time.Duration
	}{
		{math.MinInt64, -1, math.MinInt64}, {-1, -1, -1}, {0, 0, 0},
		{1, 1, time.Microsecond}, {999, 1, time.Microsecond}, {1000, 1, time.Microsecond}, {1001, 1, 2 * time.Microsecond},
		{time.Millisecond, 1, time.Millisecond}, {time.Millisecond + 1, 2, time.Millisecond + time.Microsecond},
		{day, 86_400_000, day},
		{math.MaxInt32 * time.Millisecond, math.MaxInt32, math.MaxInt32 * time.Millisecond},
		{(math.MaxInt32 + 1) * time.Millisecond, math.MaxInt32, (math.MaxInt32 + 1) * time.Millisecond},
		{math.MaxInt64, math.MaxInt32, math.MaxInt64},
	} {
		if got := timeout.Milliseconds(test.d); got != test.milliseconds {
			t.Errorf("%d ns are %d ms, want %d", test.d, got, test.milliseconds)
		}
		if got := timeout.Microseconds(test.d); got != test.microseconds {
			t.Errorf("%d ns are %d ns in whole microseconds, want %d", test.d, got, test.microseconds)
		}
	}
}
