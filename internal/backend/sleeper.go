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
	// Wake makes the signal visible to the system call, under way or next.
	Wake()
	// Clear undoes all Wakes so far. The caller must look for their reasons only afterwards.
	Clear()
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
		s.signal.Wake()
	}
}

// noticed handles a wake-up that the sleeping goroutine has seen, or a look of another one.
func (s *sleeper) noticed(sleeping bool) {
	switch {
	case sleeping:
		s.signal.Clear()
	case s.asleep.Load():
		s.signal.Pass()
	default:
		s.signal.Clear()
		if s.asleep.Load() { // since a moment ago: the wake-up may have been for it
			s.signal.Wake()
		}
	}
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
