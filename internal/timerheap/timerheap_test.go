package timerheap_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"iomux/internal/timerheap"
)

// model is the expected content of a heap: the deadlines and periods of armed timers.
type model struct {
	deadline, period [32]int64
	armed            [32]bool
}

// next returns the earliest deadline.
func (m *model) next() (deadline int64, ok bool) {
	for i, armed := range m.armed {
		if armed && (!ok || m.deadline[i] < deadline) {
			deadline, ok = m.deadline[i], true
		}
	}
	return deadline, ok
}

// expire counts the expirations of one timer up to now, as Expire does.
func (m *model) expire(i int, now int64) (count int) {
	for m.armed[i] && m.deadline[i] <= now {
		count++
		m.deadline[i] += m.period[i]
		m.armed[i] = m.period[i] > 0
	}
	return count
}

func TestRandomOperationsAgreeWithModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 0))
		var heap timerheap.Heap[int]
		var m model
		var timers [32]timerheap.Timer[int]
		for i := range timers {
			timers[i].Owner = i
		}
		now := int64(0)
		for range 300 {
			i := random.IntN(len(timers))
			switch random.IntN(6) {
			case 0:
				heap.Remove(&timers[i])
				m.armed[i] = false
			case 1:
				now += random.Int64N(50)
				expireAll(t, &heap, &m, now)
			default:
				deadline, period := now+random.Int64N(100), random.Int64N(20)*random.Int64N(2)
				heap.Set(&timers[i], deadline, period)
				m.deadline[i], m.period[i], m.armed[i] = deadline, period, true
			}
			compare(t, &heap, &m, timers[:])
		}
	}
}

// expireAll takes all expired timers and compares their order and number with the model's.
func expireAll(t *testing.T, heap *timerheap.Heap[int], m *model, now int64) {
	t.Helper()
	last := int64(math.MinInt64)
	for timer, count := heap.Expire(now); timer != nil; timer, count = heap.Expire(now) {
		i := timer.Owner
		if m.deadline[i] < last {
			t.Fatalf("a timer of %d was returned after one of %d", m.deadline[i], last)
		}
		last = m.deadline[i]
		if want := m.expire(i, now); count != want {
			t.Fatalf("timer %d expired %d times, want %d", i, count, want)
		}
	}
	if deadline, ok := m.next(); ok && deadline <= now {
		t.Fatalf("the timer of %d was not returned at %d", deadline, now)
	}
}

func compare(t *testing.T, heap *timerheap.Heap[int], m *model, timers []timerheap.Timer[int]) {
	t.Helper()
	armed := 0
	for i := range timers {
		if timers[i].Armed() != m.armed[i] {
			t.Fatalf("timer %d is armed: %v, want %v", i, timers[i].Armed(), m.armed[i])
		}
		if m.armed[i] {
			armed++
		}
	}
	if heap.Len() != armed {
		t.Fatalf("length is %d, want %d", heap.Len(), armed)
	}
	next, ok := heap.Next()
	deadline, want := m.next()
	if ok != want || next > deadline {
		t.Fatalf("next is %d, %v; want at most %d, %v", next, ok, deadline, want)
	}
}

func TestNextBecomesExact(t *testing.T) {
	t.Parallel()
	var heap timerheap.Heap[int]
	timers := make([]timerheap.Timer[int], 1000)
	for i := range timers {
		heap.Set(&timers[i], int64(i), 0)
	}
	for i := range timers {
		heap.Set(&timers[i], int64(5000+i), 0)
	}
	calls := 1
	for next, _ := heap.Next(); next != 5000; next, _ = heap.Next() {
		calls++
	}
	if calls < 2 || calls > len(timers)/4 {
		t.Errorf("%d calls, want a few dozen of a few corrections each", calls)
	}
}

func TestTickerCountsMissedPeriods(t *testing.T) {
	t.Parallel()
	var heap timerheap.Heap[int]
	var timer timerheap.Timer[int]
	heap.Set(&timer, 10, 10)
	if got, _ := heap.Expire(9); got != nil {
		t.Error("expired early")
	}
	if _, count := heap.Expire(39); count != 3 {
		t.Errorf("%d expirations, want 3", count)
	}
	if next, _ := heap.Next(); next != 40 {
		t.Errorf("next is %d, want 40", next)
	}
	heap.Set(&timer, 0, 1)
	const large = math.MaxUint32 // more than an int holds on some systems
	if _, count := heap.Expire(large - 1); count != int(min(large, int64(math.MaxInt))) {
		t.Errorf("%d expirations, want %d or the largest int", count, int64(large))
	}
}

func TestLatestTimesDoNotOverflow(t *testing.T) {
	t.Parallel()
	if got := timerheap.Add(5, math.MaxInt64); got != math.MaxInt64 {
		t.Errorf("sum is %d", got)
	}
	var heap timerheap.Heap[int]
	var timer timerheap.Timer[int]
	heap.Set(&timer, 10, math.MaxInt64)
	heap.Expire(10)
	if next, ok := heap.Next(); next != math.MaxInt64 || !ok {
		t.Errorf("next is %d, %v", next, ok)
	}
}

func TestOperationsDoNotAllocate(t *testing.T) {
	var heap timerheap.Heap[int]
	timers := make([]timerheap.Timer[int], 1000)
	for i := range timers {
		heap.Set(&timers[i], int64(i), 0)
	}
	allocations := testing.AllocsPerRun(100, func() {
		heap.Remove(&timers[500])
		heap.Set(&timers[500], 3, 0)
		heap.Set(&timers[3], 2000, 5)
		heap.Set(&timers[900], 1, 0)
		if timer, _ := heap.Expire(0); timer != nil {
			heap.Set(timer, 0, 0)
		}
		heap.Next()
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	var heap timerheap.Heap[int]
	timers := make([]timerheap.Timer[int], 10000)
	for i := range timers {
		heap.Set(&timers[i], int64(i), 0)
	}
	for i := range timers[:9990] {
		heap.Remove(&timers[i])
	}
	if capacity := heap.Cap(); capacity > 100 {
		t.Errorf("%d places are kept for %d timers", capacity, heap.Len())
	}
}
