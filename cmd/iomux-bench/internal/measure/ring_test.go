package measure

import (
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"iomux/internal/test/leak"
)

// testRing returns a ring that is closed at the end of the test.
func testRing(t *testing.T, n int) *ring {
	t.Helper()
	r, err := newRing(n)
	t.Cleanup(r.close)
	if errors.Is(err, syscall.EMFILE) && leak.FewDescriptors() {
		t.Skip("this process may have fewer than 1024 descriptors:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func available(t *testing.T) []Mechanism {
	t.Helper()
	all := slices.DeleteFunc(All(), func(m Mechanism) bool { return m.Available() != nil })
	if len(all) == 0 {
		t.Skip("this system has none of the mechanisms")
	}
	return all
}

func opened(t *testing.T, m Mechanism, r *ring) waiter {
	t.Helper()
	w, err := m.open(r.reads)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.close() })
	return w
}

// expectEmpty fails if a byte is left in a pipe.
func expectEmpty(t *testing.T, r *ring) {
	t.Helper()
	for i, fd := range r.reads {
		if n, err := tryRead(fd, make([]byte, 100)); err != syscall.EAGAIN {
			t.Errorf("pipe %d of %d: %d bytes are left, %v", i, len(r.reads), n, err)
		}
	}
}

// spy counts how often its waiter reports each pipe.
type spy struct {
	waiter
	reported []int
	most     int // the largest number in one wait
}

func (s *spy) wait(timeout time.Duration) ([]int, error) {
	ready, err := s.waiter.wait(timeout)
	for _, i := range ready {
		s.reported[i]++
	}
	s.most = max(s.most, len(ready))
	return ready, err
}

// TestEveryWriteIsReadOnce checks that a mechanism reports each byte once, that the bytes move
// evenly around the ring, and that none is left.
func TestEveryWriteIsReadOnce(t *testing.T) {
	for _, m := range available(t) {
		for _, c := range []struct{ n, active, reads int }{
			{1, 1, 1}, {1, 1, 3}, {2, 1, 7}, {10, 1, 10}, {10, 10, 10}, {10, 10, 100}, {60, 6, 120}, {60, 60, 151}, {7, 3, 40},
		} {
			r := testRing(t, c.n)
			s := &spy{waiter: opened(t, m, r), reported: make([]int, c.n)}
			for range 2 {
				clear(s.reported)
				if _, err := r.turn(s, c.active, c.reads); err != nil {
					t.Fatalf("%s, %+v: %v", m.Name, c, err)
				}
				sum := 0
				for _, times := range s.reported {
					sum += times
				}
				if sum != c.reads {
					t.Errorf("%s, %+v: %d reports, want %d", m.Name, c, sum, c.reads)
				}
				if least, most := slices.Min(s.reported), slices.Max(s.reported); c.active == 1 && most-least > 1 {
					t.Errorf("%s, %+v: one byte went round unevenly: %v", m.Name, c, s.reported)
				}
				expectEmpty(t, r)
			}
			if s.most > c.active || c.reads == c.active && s.most != c.active {
				t.Errorf("%s, %+v: reported %d at once, with %d active", m.Name, c, s.most, c.active)
			}
		}
	}
}

func TestBareWaitReportsTheReadyPipe(t *testing.T) {
	for _, m := range available(t) {
		for _, n := range []int{1, 2, 200} {
			r := testRing(t, n)
			s := &spy{waiter: opened(t, m, r), reported: make([]int, n)}
			if _, err := r.look(s, 20); err != nil {
				t.Errorf("%s, %d: %v", m.Name, n, err)
			}
			if s.reported[n-1] != 21 { // 20 measured waits and one before
				t.Errorf("%s, %d: reported %v", m.Name, n, s.reported)
			}
			expectEmpty(t, r)
		}
	}
}

// liar reports the same pipes after each wait, ready or not, or fails.
type liar struct {
	ready []int
	err   error
}

func (l liar) wait(time.Duration) ([]int, error) { return l.ready, l.err }

func (l liar) close() error { return nil }

func TestWrongReportsAreErrors(t *testing.T) {
	r := testRing(t, 3)
	for _, ready := range [][]int{nil, {0}, {0, 2}, {2, 2}} {
		if _, err := r.look(liar{ready: ready}, 1); err == nil {
			t.Errorf("look accepted %v", ready)
		}
		r.drain()
	}
	broken := errors.New("broken")
	if _, err := r.look(liar{err: broken}, 1); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := r.turn(liar{err: broken}, 3, 10); !errors.Is(err, broken) {
		t.Error(err)
	}
	r.drain()
	expectEmpty(t, r)
}

// TestEmptyReadsAreNotCounted checks that a reported pipe without data does not count as an event.
func TestEmptyReadsAreNotCounted(t *testing.T) {
	r := testRing(t, 4)
	if _, err := r.turn(liar{ready: []int{3, 2, 1, 0, 0, 1}}, 2, 11); err != nil {
		t.Error(err)
	}
	expectEmpty(t, r)
}
