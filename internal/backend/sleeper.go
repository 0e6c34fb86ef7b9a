package backend

import (
	"sync/atomic"

	"iomux/internal/waker"
)

// sleeper interrupts the one goroutine that sleeps in a system call. All backends use it.
//
// A wake-up can arrive late, when the goroutine has left the system call for another reason.
// Then the next call sees it, which may be a Look of another goroutine. So both Look and Sleep
// pass what they see to noticed, which clears the wake-up unless somebody still needs it.
type sleeper struct {
	signal signal
	asleep atomic.Bool
}

// signal ends a system call that waits for it.
type signal interface {
	// Wake makes the signal visible to the system call in progress, or to the next one.
	Wake() error
	// Clear undoes all Wakes so far. The caller must look for their reasons only afterwards. An
	// error means that the signal cannot interrupt a sleep any more.
	Clear() error
	// Pass makes a signal visible again that the caller has seen but does not handle.
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
		_ = s.signal.Wake() // if it fails, there is no other way
	}
}

// noticed handles a wake-up that the sleeping goroutine has seen, or a look of another one.
func (s *sleeper) noticed(sleeping bool) error {
	switch {
	case sleeping:
		return s.signal.Clear()
	case s.asleep.Load():
		s.signal.Pass()
		return nil
	}
	err := s.signal.Clear()
	if err == nil && s.asleep.Load() { // since a moment ago: the wake-up may have been for it
		err = s.signal.Wake()
	}
	return err
}

// wakeDescriptor is a signal that is one of the descriptors waited on. It stays readable until
// Clear, so there is nothing to pass.
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
