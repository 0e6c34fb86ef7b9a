package backend

import (
	"errors"
	"os"
	"testing"

	"iomux/internal/test/portmodel"
)

// napper is an Owner that notifies a test when its goroutine is about to sleep.
type napper chan struct{}

func (n napper) MaySleep() bool {
	close(n)
	return true
}

func (napper) Inspect(int, func(int) bool, func(int)) int { return -1 }

func oneEvent() *Batch {
	b := new(Batch)
	b.MakeRoom(1)
	return b
}

func modelledPort(t *testing.T) (Backend, *portmodel.Model) {
	t.Helper()
	model := portmodel.New()
	b, err := NewEventPort(model)
	if err != nil {
		t.Fatal("NewEventPort:", err)
	}
	t.Cleanup(func() { _ = b.Close() }) // the test may have closed it
	return b, model
}

// asleep starts a goroutine that sleeps on b, and returns when it is about to sleep.
func asleep(b Backend) (done <-chan error) {
	napping, result := make(napper), make(chan error, 1)
	go func() { result <- b.Sleep(oneEvent(), -1, napping) }()
	<-napping
	return result
}

func TestWakeUpThatALookTakesFromThePortIsPassedOn(t *testing.T) {
	b, _ := modelledPort(t)
	for range 100 {
		done := asleep(b)
		b.Wake()
		for range 3 {
			if err := b.Look(oneEvent()); err != nil {
				t.Fatal("Look:", err)
			}
		}
		if err := <-done; err != nil {
			t.Fatal("Sleep:", err)
		}
	}
}

func TestWakeUpAfterAFailedOne(t *testing.T) {
	b, model := modelledPort(t)
	done := asleep(b)
	model.FailSends.Store(1)
	b.Wake() // fails
	b.Wake()
	if err := <-done; err != nil {
		t.Fatal("Sleep:", err)
	}
}

func TestCloseEndsTheSleepOnAPort(t *testing.T) {
	for range 20 { // a signal may have ended some sleeps
		b, _ := modelledPort(t)
		done := asleep(b)
		if err := b.Close(); err != nil {
			t.Fatal("Close:", err)
		}
		if err := <-done; err != nil && !errors.Is(err, os.ErrClosed) {
			t.Fatal("Sleep:", err)
		}
		if err := b.Look(oneEvent()); !errors.Is(err, os.ErrClosed) {
			t.Fatal("Look:", err)
		}
	}
}
