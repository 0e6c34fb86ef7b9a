package lazy_test

import (
	"errors"
	"sync"
	"testing"

	"iomux/internal/lazy"
)

func TestFailureIsNotRemembered(t *testing.T) {
	var value lazy.Value[int]
	failure := errors.New("no room")
	for range 2 {
		if _, err := value.Get(func() (int, error) { return 0, failure }); err != failure {
			t.Errorf("Get: %v, want %v", err, failure)
		}
	}
	for _, created := range []int{7, 8} {
		if got, err := value.Get(func() (int, error) { return created, nil }); got != 7 || err != nil {
			t.Errorf("Get: %d, %v, want 7", got, err)
		}
	}
}

func TestValueIsMadeOnce(t *testing.T) {
	var value lazy.Value[int]
	var group sync.WaitGroup
	calls := 0
	for range 8 {
		group.Go(func() {
			if got, err := value.Get(func() (int, error) { calls++; return calls, nil }); got != 1 || err != nil {
				t.Errorf("Get: %d, %v, want 1", got, err)
			}
		})
	}
	group.Wait()
}
