package backend

import "testing"

// countingSignal counts the calls of a sleeper.
type countingSignal struct{ woken, cleared, passed int }

func (s *countingSignal) Wake() error  { s.woken++; return nil }
func (s *countingSignal) Clear() error { s.cleared++; return nil }
func (s *countingSignal) Pass()        { s.passed++ }

// always is an Owner whose MaySleep always returns the same value.
type always bool

func (a always) MaySleep() bool                           { return bool(a) }
func (always) Inspect(int, func(int) bool, func(int)) int { return -1 }

func TestWakeCostsNothingWhileNobodySleeps(t *testing.T) {
	signal := new(countingSignal)
	s := sleeper{signal: signal}
	s.wake()
	s.enter(always(true))
	s.wake()
	s.leave()
	s.wake()
	if signal.woken != 1 {
		t.Errorf("%d wake-ups were sent, want 1", signal.woken)
	}
}

func TestLateWakeUpIsClearedByALook(t *testing.T) {
	signal := new(countingSignal)
	s := sleeper{signal: signal}
	if err := s.noticed(false); err != nil || signal.cleared != 1 || signal.woken+signal.passed != 0 {
		t.Errorf("after a look: %+v, %v", *signal, err)
	}
}

func TestLookLeavesTheWakeUpToTheSleeper(t *testing.T) {
	signal := new(countingSignal)
	s := sleeper{signal: signal}
	s.enter(always(true))
	if err := s.noticed(false); err != nil || signal.passed != 1 || signal.cleared != 0 {
		t.Errorf("after a look during a sleep: %+v, %v", *signal, err)
	}
	if err := s.noticed(true); err != nil || signal.cleared != 1 {
		t.Errorf("after the sleep: %+v, %v", *signal, err)
	}
}

// entering is a signal during whose Clear a goroutine goes to sleep.
type entering struct {
	countingSignal
	s *sleeper
}

func (e *entering) Clear() error {
	e.s.enter(always(true))
	return e.countingSignal.Clear()
}

func TestWakeUpThatALookClearsTooLateIsSentAgain(t *testing.T) {
	signal := new(entering)
	s := &sleeper{signal: signal}
	signal.s = s
	if err := s.noticed(false); err != nil || signal.woken != 1 {
		t.Errorf("a goroutine went to sleep during Clear: %+v, %v", signal.countingSignal, err)
	}
}
