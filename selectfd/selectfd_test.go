//go:build unix || windows

package selectfd_test

import (
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
	"iomux/selectfd"
)

const soon = 30 * time.Second

var must = suite.Must

func set(fds ...int) *selectfd.Set {
	s := new(selectfd.Set)
	for _, fd := range fds {
		s.Add(fd)
	}
	return s
}

// waits holds the functions that wait on sets.
var waits = map[string]func(r, w, x *selectfd.Set, timeout time.Duration) (int, error){
	"Wait":        selectfd.Wait,
	"WaitContext": waitContext,
}

func init() { maps.Copy(waits, selectfd.OtherWays) }

func TestWaitLeavesReadyMembers(t *testing.T) {
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			a, b := suite.SocketPair(t, syscall.SOCK_STREAM)
			suite.Write(t, b)
			idle, w := suite.Pipe(t)
			r, wr, x := set(a, idle, b), set(a, w), set(a)
			n, err := wait(r, wr, x, soon)
			if n != 3 || err != nil {
				t.Errorf("Wait: %d, %v, want 3", n, err)
			}
			if !slices.Equal(slices.Collect(r.All()), []int{a}) || wr.Len() != 2 || x.Len() != 0 {
				t.Errorf("ready are %v, %v and %v", slices.Collect(r.All()), slices.Collect(wr.All()), slices.Collect(x.All()))
			}
			if n, err := wait(nil, set(w), nil, soon); n != 1 || err != nil {
				t.Errorf("Wait with nil sets: %d, %v, want 1", n, err)
			}
			r = set(idle)
			if n, err := wait(r, nil, nil, time.Millisecond); n != 0 || err != nil || r.Len() != 0 {
				t.Errorf("after a timeout: %d, %v, and %d members", n, err, r.Len())
			}
		})
	}
}

func TestThreeEmptySetsSleep(t *testing.T) {
	for name, wait := range waits {
		for _, sets := range [][3]*selectfd.Set{{}, {set(), set(), set()}, {nil, set()}} {
			start := time.Now()
			n, err := wait(sets[0], sets[1], sets[2], 20*time.Millisecond)
			if n != 0 || err != nil || time.Since(start) < 20*time.Millisecond {
				t.Errorf("%s: %d, %v after %v", name, n, err, time.Since(start))
			}
		}
	}
}

func TestClosedDescriptorsAreNamed(t *testing.T) {
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			r, _ := suite.Pipe(t)
			low := suite.ClosedFD(t)
			for _, fds := range [][]int{
				{low}, {5000}, {-1}, {math.MinInt}, {1 << 21}, {math.MaxInt32}, {math.MaxInt}, {low, 5000, 1 << 21, -7},
			} {
				sets := set(append(fds, r)...)
				before := slices.Collect(sets.All())
				n, err := wait(nil, sets, nil, soon)
				if n != 0 || !errors.Is(err, syscall.EBADF) {
					t.Fatalf("%v: %d, %v, want EBADF", fds, n, err)
				}
				for _, fd := range fds {
					if !strings.Contains(err.Error(), strconv.Itoa(fd)) {
						t.Errorf("%q does not name %d", err, fd)
					}
				}
				if strings.Contains(err.Error(), " "+strconv.Itoa(r)+" ") {
					t.Errorf("%q names %d, which is open", err, r)
				}
				if !slices.Equal(before, slices.Collect(sets.All())) {
					t.Error("a failed call changed the set")
				}
			}
		})
	}
}

func TestContextDoesNotChangeTheSets(t *testing.T) {
	enough := errors.New("enough")
	r, w := suite.Pipe(t)
	for _, delay := range []time.Duration{0, 5 * time.Millisecond} {
		reading, exceptional := set(r), set(r, w)
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(delay, func() { cancel(enough) })
		n, err := selectfd.WaitContext(ctx, reading, nil, exceptional, -1)
		if n != 0 || err != enough {
			t.Errorf("the wait returned %d, %v, want the cause", n, err)
		}
		if !slices.Equal(slices.Collect(reading.All()), []int{r}) || exceptional.Len() != 2 || !exceptional.Has(w) {
			t.Errorf("the sets are %v and %v", slices.Collect(reading.All()), slices.Collect(exceptional.All()))
		}
	}
}

// If a member becomes ready while the context is cancelled, Wait returns either of them.
func TestEventAtTheEndOfTheContext(t *testing.T) {
	r, w := suite.Pipe(t)
	for range 300 {
		reading := set(r)
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		all.Go(cancel)
		all.Go(func() { suite.Write(t, w) })
		n, err := selectfd.WaitContext(ctx, reading, nil, nil, soon)
		if n > 0 == (err != nil) || err != nil && !errors.Is(err, context.Canceled) || n > 1 || reading.Len() != 1 || !reading.Has(r) {
			t.Fatalf("the wait returned %d, %v, and the set has %v", n, err, slices.Collect(reading.All()))
		}
		all.Wait()
		suite.Drain(t, r)
	}
}

func TestSameSetTwiceIsRefused(t *testing.T) {
	s := set(0)
	for _, sets := range [][3]*selectfd.Set{{s, s, nil}, {s, nil, s}, {nil, s, s}} {
		if _, err := selectfd.Wait(sets[0], sets[1], sets[2], 0); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("Wait: %v, want EINVAL", err)
		}
	}
}

func TestSetsAreReusedWithoutAllocation(t *testing.T) {
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	sets := set(r)
	for _, timeout := range []time.Duration{0, -1, time.Second} {
		if n := testing.AllocsPerRun(100, func() {
			sets.Add(r)
			_, _ = selectfd.Wait(sets, nil, nil, timeout)
		}); n != 0 {
			t.Errorf("a Wait of %v allocates %v times", timeout, n)
		}
	}
}

func TestSelectKeepsValuesAndOrder(t *testing.T) {
	r1, w1 := suite.Pipe(t)
	r2, w2 := suite.Pipe(t)
	suite.Write(t, w1)
	suite.Write(t, w2)
	idle, _ := suite.Pipe(t)
	rr, rw, rx, err := selectfd.Select([]int{r2, idle, r1, r2}, []int{w1}, []int{r1}, soon)
	if err != nil || !slices.Equal(rr, []int{r2, r1, r2}) || !slices.Equal(rw, []int{w1}) || rx != nil {
		t.Errorf("Select: %v, %v, %v, %v", rr, rw, rx, err)
	}
	rr, rw, rx, err = selectfd.Select([]int{idle}, nil, nil, time.Millisecond)
	if rr != nil || rw != nil || rx != nil || err != nil {
		t.Errorf("Select that times out: %v, %v, %v, %v", rr, rw, rx, err)
	}
	start := time.Now()
	if _, _, _, err := selectfd.Select[int](nil, nil, nil, 20*time.Millisecond); err != nil || time.Since(start) < 20*time.Millisecond {
		t.Errorf("Select of nothing: %v after %v", err, time.Since(start))
	}
}

func TestSelectErrors(t *testing.T) {
	closed, _, err := os.Pipe()
	must(t, err)
	must(t, closed.Close())
	for name, test := range map[string]struct {
		list []any
		want error
	}{
		"closed file":  {[]any{closed}, os.ErrClosed},
		"negative":     {[]any{-1}, syscall.EBADF},
		"huge":         {[]any{uint64(math.MaxUint64)}, syscall.EBADF},
		"nil":          {[]any{nil}, nil},
		"typed nil":    {[]any{(*os.File)(nil)}, nil},
		"no such kind": {[]any{"3"}, nil},
	} {
		rr, _, _, err := selectfd.Select(nil, test.list, nil, soon)
		if err == nil || rr != nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "select: argument 2: element 0:") {
			t.Errorf("%s: %q does not name the element", name, err)
		}
	}
	if _, _, _, err := selectfd.Select([]int{-5}, nil, nil, soon); !errors.Is(err, syscall.EBADF) || !strings.Contains(err.Error(), "-5") {
		t.Errorf("Select of -5: %v, want EBADF", err)
	}
}

func TestSelectAllocatesNothingPerNumber(t *testing.T) {
	var list []int
	for range 200 {
		r, _ := suite.Pipe(t)
		list = append(list, r)
	}
	// Under the race detector, sync.Pool drops items.
	if n := testing.AllocsPerRun(100, func() { _, _, _, _ = selectfd.Select(list, list, list, 0) }); n > 50 {
		t.Errorf("a Select of 600 idle descriptors allocates %v times", n)
	}
}

// The next call uses the same memory, but must not change the results.
func TestSelectAfterAFailure(t *testing.T) {
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	for range 10 {
		if _, _, _, err := selectfd.Select([]int{suite.ClosedFD(t), math.MaxInt}, []int{-3}, nil, 0); err == nil {
			t.Fatal("closed descriptors are accepted")
		}
		rr, rw, rx, err := selectfd.Select([]int{r}, nil, nil, 0)
		if err != nil || !slices.Equal(rr, []int{r}) || rw != nil || rx != nil {
			t.Fatalf("Select: %v, %v, %v, %v", rr, rw, rx, err)
		}
	}
}

func TestUnrequestedHangUp(t *testing.T) {
	r, w := suite.Pipe(t)
	suite.Close(t, w)
	other, otherW := suite.Pipe(t)
	for name, wait := range waits {
		timer := time.AfterFunc(20*time.Millisecond, func() { suite.Write(t, otherW) })
		x, reading := set(r), set(other)
		n, err := wait(reading, nil, x, soon)
		timer.Stop()
		if n != 1 || err != nil || !reading.Has(other) || x.Len() != 0 {
			t.Errorf("%s: %d, %v: a hang-up must not be exceptional", name, n, err)
		}
		suite.Drain(t, other)
	}
}

func TestOtherGoroutinesRunDuringALoop(t *testing.T) {
	r, _ := suite.Pipe(t)
	var sets selectfd.Set
	suite.OthersRun(t, func() {
		sets.Add(r)
		_, _ = selectfd.Wait(&sets, nil, nil, 0)
	})
}

func TestMain(m *testing.M) { leak.Main(m) }
