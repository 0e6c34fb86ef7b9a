package timerheap_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"iomux/internal/timerheap"
)

const many = 100_000

// filled returns a heap of many timers with random deadlines within the next minute.
func filled() (heap *timerheap.Heap[int], timers []timerheap.Timer[int]) {
	heap, timers = new(timerheap.Heap[int]), make([]timerheap.Timer[int], many)
	for i := range timers {
		heap.Set(&timers[i], rand.Int64N(int64(time.Minute)), 0)
	}
	return heap, timers
}

// BenchmarkReset sets one of many timers to a later time, as a restarted idle timeout does.
func BenchmarkReset(b *testing.B) {
	b.Run("heap", func(b *testing.B) {
		heap, timers := filled()
		now := int64(time.Minute)
		for b.Loop() {
			now++
			heap.Set(&timers[rand.IntN(many)], now, 0)
		}
	})
	b.Run("AfterFunc", func(b *testing.B) {
		timers := make([]*time.Timer, many)
		for i := range timers {
			timers[i] = time.AfterFunc(time.Hour+time.Duration(rand.Int64N(int64(time.Minute))), func() {})
		}
		for b.Loop() {
			timers[rand.IntN(many)].Reset(time.Hour + time.Minute)
		}
		for _, timer := range timers {
			timer.Stop()
		}
	})
}

// BenchmarkExpiration takes an expired timer of many and sets it again.
func BenchmarkExpiration(b *testing.B) {
	heap, _ := filled()
	for b.Loop() {
		next, _ := heap.Next()
		timer, _ := heap.Expire(next)
		heap.Set(timer, next+rand.Int64N(int64(time.Minute)), 0)
	}
}
