package backend

import (
	"sync/atomic"

	"iomux/internal/waker"
)

// sleeper interrupts the one goroutine that sleeps in a system call. All backends use it.
//
// A wake-up can arrive late, after the goroutine has left the system call for another reason. The
// next call then sees it, which may be a Look of another goroutine. So both Look and Sleep call
// noticed when they see a wake-up. It clears the wake-up unless a sleeping goroutine still needs
// it.
type sleeper struct {
	signal signal
	asleep atomic.Bool
}

// signal ends a system call that waits for it.
type signal interface {
	// Wake makes the signal visible to the system call in progress, or to the next one.
	Wake() error
	// Clear undoes all earlier Wakes. The caller must check for their reasons only afterwards.
	// After an error the signal can no longer interrupt a sleep.
	Clear() error
	// Pass makes the signal visible again after the caller has seen it without handling it.
	Pass()
}

// enter announces that the caller is about to sleep, and reports whether it may.
func (s *sleeper) enter(owner Owner) bool {
	s.asleep.Store(true)
	return owner.MaySleep()
}

func (s *sleeper) leave() { s.asleep.Store(false) }

func (s *sleeper) wake() {
	if s.asleep.Load() {
		_ = s.signal.Wake() // nothing else could wake the sleep
	}
}

// noticed handles a wake-up that a Sleep (sleeping is set) or a Look has seen.
func (s *sleeper) noticed(sleeping bool) error {
	switch {
	case sleeping:
		return s.signal.Clear()
	case s.asleep.Load():
		s.signal.Pass()
		return nil
	}
	err := s.signal.Clear()
	if err == nil && s.asleep.Load() { // a sleep has just begun, and may need the wake-up
		err = s.signal.Wake()
	}
	return err
}

// wakeDescriptor is a signal that is a registered descriptor. It stays readable until Clear, so
// Pass does nothing.
type wakeDescriptor struct {
	*waker.Waker
	fd int
}

func (wakeDescriptor) Pass() {}

func newWakeDescriptor() (wakeDescriptor, error) {
	w, err := waker.New()
	if err != nil {
		return wakeDescriptor{}, err
	}
	fd, err := w.Acquire()
	if err != nil {
		return wakeDescriptor{}, err
	}
	w.Done()
	return wakeDescriptor{w, fd}, nil
}
