package donewatch_test

import (
	"testing"
	"time"

	"iomux/internal/donewatch"
)

const soon = 10 * time.Second

// watch returns a Watcher, and a channel that receives a value for each call of its function.
func watch(t *testing.T) (*donewatch.Watcher, chan struct{}) {
	t.Helper()
	calls := make(chan struct{}, 10)
	w := donewatch.New(func() { calls <- struct{}{} })
	t.Cleanup(w.Stop)
	return w, calls
}

func TestFunctionIsCalledForEachContextThatIsDone(t *testing.T) {
	t.Parallel()
	w, calls := watch(t)
	for i := range 100 {
		done := make(chan struct{})
		if !w.Watch(done) {
			t.Fatal("Watch reports that the Watcher is stopped")
		}
		close(done)
		select {
		case <-calls:
		case <-time.After(soon):
			t.Fatalf("channel %d is closed, and the function is not called", i)
		}
	}
}

func TestReplacedContextIsNotWatched(t *testing.T) {
	t.Parallel()
	w, calls := watch(t)
	earlier, done := make(chan struct{}), make(chan struct{})
	w.Watch(earlier)
	w.Watch(done)
	time.Sleep(10 * time.Millisecond) // the goroutine looks at the change
	close(earlier)
	select {
	case <-calls:
		t.Error("the function is called for a channel that is no longer watched")
	case <-time.After(20 * time.Millisecond):
	}
	close(done)
	<-calls
}

func TestNothingIsWatchedAfterStop(t *testing.T) {
	t.Parallel()
	w, calls := watch(t)
	done := make(chan struct{})
	w.Watch(done)
	w.Stop()
	time.Sleep(10 * time.Millisecond) // the goroutine ends
	close(done)
	if w.Watch(make(chan struct{})) {
		t.Error("Watch works after Stop")
	}
	select {
	case <-calls:
		t.Error("the function is called after Stop")
	case <-time.After(20 * time.Millisecond):
	}
}
