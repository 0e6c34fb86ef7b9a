//go:build unix || windows

package iomux_test

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"iomux"
)

const manyTimers = 100_000

// BenchmarkResetOfManyTimers resets one of 100 000 idle timeouts, and a timer of package time for
// comparison.
func BenchmarkResetOfManyTimers(b *testing.B) {
	const idle = time.Hour
	b.Run("Poller", func(b *testing.B) {
		p := poller(b, nil)
		timers := make([]*iomux.Registration[int], manyTimers)
		for i := range timers {
			r, err := p.RegisterTimer(idle+time.Duration(rand.Int64N(int64(time.Minute))), i)
			must(b, err)
			timers[i] = r
		}
		b.ReportAllocs()
		for b.Loop() {
			_ = timers[rand.IntN(manyTimers)].Reset(idle + time.Minute)
		}
	})
	b.Run("AfterFunc", func(b *testing.B) {
		timers := make([]*time.Timer, manyTimers)
		for i := range timers {
			timers[i] = time.AfterFunc(idle+time.Duration(rand.Int64N(int64(time.Minute))), func() {})
		}
		b.ReportAllocs()
		for b.Loop() {
			timers[rand.IntN(manyTimers)].Reset(idle + time.Minute)
		}
		for _, timer := range timers {
			timer.Stop()
		}
	})
}

// BenchmarkExpirationsOfManyTimers lets 100 000 timers expire that were set for the same moment,
// and sets them again.
func BenchmarkExpirationsOfManyTimers(b *testing.B) {
	const soon = time.Millisecond
	b.Run("Poller", func(b *testing.B) {
		p := poller(b, nil)
		timers := make([]*iomux.Registration[int], manyTimers)
		for i := range timers {
			r, err := p.RegisterTimer(time.Hour, i)
			must(b, err)
			timers[i] = r
		}
		events := make([]iomux.Event[int], 1024)
		for b.Loop() {
			for _, r := range timers {
				_ = r.Reset(soon)
			}
			for left := manyTimers; left > 0; {
				n, err := p.WaitTimeout(events, time.Second)
				must(b, err)
				left -= n
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/manyTimers, "ns/expiration")
	})
	b.Run("AfterFunc", func(b *testing.B) {
		timers := make([]*time.Timer, manyTimers)
		var expired atomic.Int64
		done := make(chan struct{})
		for i := range timers {
			timers[i] = time.AfterFunc(time.Hour, func() {
				if expired.Add(1)%manyTimers == 0 {
					done <- struct{}{}
				}
			})
		}
		for b.Loop() {
			for _, timer := range timers {
				timer.Reset(soon)
			}
			<-done
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/manyTimers, "ns/expiration")
	})
}
