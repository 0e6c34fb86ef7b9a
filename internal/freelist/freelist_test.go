package freelist_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"iomux/internal/freelist"
)

func TestListReturnsEachValueOnce(t *testing.T) {
	var list freelist.List[int]
	if value, ok := list.Get(); ok {
		t.Errorf("Get of an empty list: %d", value)
	}
	list.Put(1)
	list.Put(2)
	for _, want := range []int{2, 1} {
		if value, ok := list.Get(); !ok || value != want {
			t.Errorf("Get: %d, %v, want %d", value, ok, want)
		}
	}
	if value, ok := list.Get(); ok {
		t.Errorf("Get of an emptied list: %d", value)
	}
}

func TestListCreatesOnlyWhenEmpty(t *testing.T) {
	var list freelist.List[int]
	created := 0
	create := func() int { created++; return -created }
	if value := list.GetOr(create); value != -1 {
		t.Errorf("GetOr of an empty list: %d, want the created value", value)
	}
	list.Put(7)
	if value := list.GetOr(create); value != 7 || created != 1 {
		t.Errorf("GetOr: %d after %d creations, want 7 after 1", value, created)
	}
}

func TestSlicesHaveTheLengthAskedFor(t *testing.T) {
	var slices freelist.Slices[int]
	first := slices.Get(4)
	if len(first) != 4 {
		t.Fatalf("length %d, want 4", len(first))
	}
	slices.Put(first)
	if shorter := slices.Get(2); len(shorter) != 2 || &shorter[0] != &first[0] {
		t.Errorf("a shorter slice: length %d, reused: %v", len(shorter), &shorter[0] == &first[0])
	}
	slices.Put(first[:0])
	if longer := slices.Get(5); len(longer) != 5 {
		t.Errorf("a longer slice: length %d, want 5", len(longer))
	}
}

func TestUsersAtTheSameTimeGetDifferentValues(t *testing.T) {
	var list freelist.List[*int]
	create := func() *int { return new(int) }
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				value := list.GetOr(create)
				if *value++; *value != 1 {
					t.Error("two users have the same value")
				}
				*value--
				list.Put(value)
			}
		})
	}
	all.Wait()
}

func TestWarmListDoesNotAllocate(t *testing.T) {
	var list freelist.List[*int]
	var slices freelist.Slices[int]
	create := func() *int { return new(int) }
	if n := testing.AllocsPerRun(100, func() {
		list.Put(list.GetOr(create))
		slices.Put(slices.Get(64))
	}); n != 0 {
		t.Errorf("Get and Put allocate %v times", n)
	}
}

func TestListDoesNotKeepValuesInUse(t *testing.T) {
	var list freelist.List[*[64]byte]
	collected := make(chan struct{})
	func() {
		value := new([64]byte)
		runtime.AddCleanup(value, func(collected chan struct{}) { close(collected) }, collected)
		list.Put(value)
		list.Get()
	}()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		runtime.GC()
		select {
		case <-collected:
			runtime.KeepAlive(&list)
			return
		case <-time.After(time.Millisecond):
		}
	}
	t.Error("the list still references a value that it handed out")
}
