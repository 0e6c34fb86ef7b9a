package selectfd_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"iomux/selectfd"
)

func TestSetAgainstAModel(t *testing.T) {
	var set selectfd.Set
	model := make(map[int]bool)
	random := rand.New(rand.NewPCG(1, 2))
	numbers := []int{0, 1, 31, 32, 63, 64, 1023, 1024, 5000, 1<<20 - 1, 1 << 20, math.MaxInt32, math.MaxInt, -1, math.MinInt}
	for range 10_000 {
		fd := numbers[random.IntN(len(numbers))]
		switch random.IntN(50) {
		case 0:
			set.Clear()
			clear(model)
		default:
			if random.IntN(2) == 0 {
				set.Add(fd)
				model[fd] = true
			} else {
				set.Remove(fd)
				delete(model, fd)
			}
		}
		if set.Has(fd) != model[fd] || set.Len() != len(model) {
			t.Fatalf("Has(%d) is %v, Len %d; the model has %v", fd, set.Has(fd), set.Len(), model)
		}
	}
	for _, fd := range numbers {
		set.Add(fd)
	}
	// On 32-bit machines, MaxInt is MaxInt32.
	want := slices.Compact(slices.Sorted(slices.Values(numbers)))
	if got := slices.Collect(set.All()); !slices.Equal(got, want) {
		t.Errorf("All is %v, want %v", got, want)
	}
	for range set.All() { // a caller may break the loop
		break
	}
}

func TestHugeNumbersTakeNoMemory(t *testing.T) {
	var set selectfd.Set
	set.Add(0)
	if n := testing.AllocsPerRun(10, func() {
		for _, fd := range []int{math.MaxInt, math.MaxInt32, 1 << 28} {
			set.Add(fd)
			set.Remove(fd)
		}
	}); n > 3 {
		t.Errorf("huge numbers allocate %v times", n)
	}
}
