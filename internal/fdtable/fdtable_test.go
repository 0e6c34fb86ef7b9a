package fdtable_test

import (
	"maps"
	"math"
	"slices"
	"testing"

	"iomux/internal/fdtable"
)

func TestGetReturnsWhatWasSet(t *testing.T) {
	var table fdtable.Table[int]
	values := make(map[int32]*int)
	for _, fd := range []int32{0, 1, 127, 128, 1000, 1 << 20} {
		values[fd] = new(int)
		table.Set(fd, values[fd])
	}
	for _, fd := range []int32{0, 1, 2, 126, 127, 128, 129, 999, 1000, 1 << 20, 1<<20 + 1, 1 << 24, -1, math.MinInt32, math.MaxInt32} {
		if got := table.Get(fd); got != values[fd] {
			t.Errorf("Get(%d): %p, want %p", fd, got, values[fd])
		}
	}
}

func TestHasPage(t *testing.T) {
	var table fdtable.Table[int]
	table.Set(1<<20, new(int))
	for fd, want := range map[int32]bool{0: false, 1 << 20: true, 1<<20 + 127: true, 1<<20 + 128: false, math.MaxInt32: false} {
		if got := table.HasPage(fd); got != want {
			t.Errorf("HasPage(%d): %v, want %v", fd, got, want)
		}
	}
}

func TestSetNilRemoves(t *testing.T) {
	var table fdtable.Table[int]
	table.Set(math.MaxInt32, nil) // takes no memory
	table.Set(7, new(int))
	table.Set(7, nil)
	if got := table.Get(7); got != nil {
		t.Errorf("Get after Set(7, nil): %p", got)
	}
	for fd := range table.All() {
		t.Errorf("All yields %d", fd)
	}
}

func TestAllIsAscendingAndEnds(t *testing.T) {
	var table fdtable.Table[int]
	values := make(map[int32]*int)
	for _, fd := range []int32{5000, 3, 128, 0, 127} {
		values[fd] = new(int)
		table.Set(fd, values[fd])
	}
	var fds []int32
	for fd, value := range table.All() {
		if value != values[fd] {
			t.Errorf("All yields %d with another one's value", fd)
		}
		fds = append(fds, fd)
	}
	if want := slices.Sorted(maps.Keys(values)); !slices.Equal(fds, want) {
		t.Errorf("All yields %v, want %v", fds, want)
	}
	for fd := range table.All() {
		if fd == 127 {
			break
		}
		if fd > 127 {
			t.Errorf("the iteration goes on with %d after break", fd)
		}
	}
}

func TestAllAllowsSet(t *testing.T) {
	var table fdtable.Table[int]
	for fd := range int32(300) {
		table.Set(fd, new(int))
	}
	seen := 0
	for fd := range table.All() {
		seen++
		table.Set(fd, nil)
	}
	for fd := range table.All() {
		t.Errorf("descriptor %d is still there", fd)
	}
	if seen != 300 {
		t.Errorf("the iteration yielded %d descriptors, want 300", seen)
	}
}

func TestTryLockAllTakesAllOrNone(t *testing.T) {
	var locks fdtable.Locks
	held := locks.Lock(1<<31 - 1)
	if locks.TryLockAll() {
		t.Fatal("all locks were acquired, although one is held")
	}
	held.Unlock()
	if !locks.TryLockAll() {
		t.Fatal("no lock is held, but they were not acquired")
	}
	locks.UnlockAll()
	locks.Lock(0).Unlock()
}
