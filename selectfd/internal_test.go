//go:build unix

package selectfd

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

// The kernel writes bits up to the highest member of all sets to each of them.
func TestSetsAreAsLongAsTheKernelWrites(t *testing.T) {
	if name := suite.Emulator(); name != "" {
		t.Skip(name, "aborts on large sets")
	}
	if sys.SelectLimit != 0 {
		t.Skip("this system's select does not accept large sets")
	}
	low, lowW := suite.Pipe(t)
	suite.Write(t, lowW)
	_, w := suite.Pipe(t)
	high := suite.High(t, w, 5000)
	var r, wr, x Set
	r.Add(low)
	wr.Add(high)
	x.Add(low)
	sets := [3]*Set{&r, &wr, &x} // Wait calls poll(2) on some systems
	words, limit, err := prepare(&sets, false)
	if n, errno := sys.Select(limit, words[0], words[1], words[2], 0); n != 2 || err != nil || errno != 0 {
		t.Errorf("select: %d, %v, %v, want 2", n, err, errno)
	}
	for name, set := range map[string]*Set{"r": &r, "w": &wr, "x": &x} {
		if room := len(set.words) * wordBits; room <= high {
			t.Errorf("set %s has room for %d bits, and the kernel writes %d", name, room, high+1)
		}
	}
}

// If the limit was raised, the sets keep descriptors aside.
func TestDescriptorBeyondTheDenseRange(t *testing.T) {
	defer func(before int) { dense = before }(dense)
	dense = 64
	r, w := suite.Pipe(t)
	high := suite.High(t, r, 300)
	suite.Write(t, w)
	var set Set
	for range 2 { // the second time the set has a word for it
		set.Add(high)
		if n, err := Wait(&set, nil, nil, 30*time.Second); n != 1 || err != nil || !set.Has(high) || set.Len() != 1 {
			t.Fatalf("Wait: %d, %v, and %d members", n, err, set.Len())
		}
		if len(set.aside) != 0 {
			t.Errorf("%d numbers are still aside", len(set.aside))
		}
	}
	var other Set
	other.Add(high)
	if n, err := WaitContext(t.Context(), nil, nil, &other, time.Millisecond); n != 0 || err != nil || other.Len() != 0 {
		t.Errorf("WaitContext: %d, %v, and %d members", n, err, other.Len())
	}
}

func TestSetsThatSelectGetsWrongUsePoll(t *testing.T) {
	var one Set
	one.Add(7)
	left := map[string][3]bool{ // of sets r, w and x
		"linux": {}, "freebsd": {}, "netbsd": {false, false, true}, "dragonfly": {false, true, false},
	}
	for goos, want := range left {
		for i := range want {
			sets := [3]*Set{nil, new(Set), new(Set)}
			sets[i] = &one
			if got := errs(goos, sets); got != want[i] {
				t.Errorf("%s, set %d: %v, want %v", goos, i, got, want[i])
			}
		}
	}
}

func TestErrorNamesAtMostSixteen(t *testing.T) {
	first := suite.ClosedFD(t)
	var set Set
	for i := range 100 {
		set.Add(first + i)
	}
	_, err := Wait(&set, nil, nil, 0)
	if err == nil {
		t.Fatal("closed descriptors are accepted")
	}
	_, numbers, _ := strings.Cut(err.Error(), "not open: ")
	if count := len(strings.Fields(numbers)); count != 16 {
		t.Errorf("%q names %d descriptors, want 16", err, count)
	}
}

// Each of the sets can be the first one with the descriptor.
func TestPollListHasEachDescriptorOnce(t *testing.T) {
	for member := 1; member < 8; member++ {
		var sets [3]*Set
		var want uint16
		for i := range sets {
			sets[i] = new(Set)
			if member&(1<<i) != 0 {
				sets[i].Add(7)
				want |= asked[i]
			}
		}
		list := appendPollFDs(nil, sets)
		if !slices.Equal(list, []sys.PollFD{{FD: 7, Events: want}}) {
			t.Errorf("sets %03b make the list %v, want one entry with %#x", member, list, want)
		}
	}
}

func TestEntriesThatSelectDoesNotReportAreDisabled(t *testing.T) {
	hungUp := sys.PollFD{FD: 7, Events: unix.POLLPRI, Revents: unix.POLLHUP}
	idle := sys.PollFD{FD: 8, Events: unix.POLLIN}
	list := []sys.PollFD{hungUp, idle}
	if !dropUnreported(list) || list[0].FD != -1 || list[1] != idle {
		t.Errorf("an entry that select does not report is still enabled: %v", list)
	}
	ready := sys.PollFD{FD: 9, Events: unix.POLLIN, Revents: unix.POLLHUP}
	list = []sys.PollFD{hungUp, ready}
	if dropUnreported(list) || list[0] != hungUp || list[1] != ready {
		t.Errorf("an entry that select reports was disabled: %v", list)
	}
}
