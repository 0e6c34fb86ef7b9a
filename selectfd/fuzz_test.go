//go:build unix

package selectfd_test

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/suite"
	"iomux/selectfd"
)

// FuzzSetsAgainstPoll adds descriptors in many states to random sets. select(2) and poll(2) must
// agree on them, and an error must leave the sets unchanged.
func FuzzSetsAgainstPoll(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0b001, 0b111, 0b010, 0b100, 0b111, 0b111, 0b001, 0b111})
	f.Add([]byte{7, 7, 7, 7, 7, 7, 7, 7, 1})
	f.Fuzz(func(t *testing.T, membership []byte) {
		fds := states(t)
		membership = membership[:min(len(membership), len(fds))]
		before, one, two := setsOf(fds, membership), setsOf(fds, membership), setsOf(fds, membership)
		n1, err1 := selectfd.Wait(one[0], one[1], one[2], 0)
		n2, err2 := selectfd.WaitByPoll(two[0], two[1], two[2], 0)
		if n1 != n2 || (err1 == nil) != (err2 == nil) {
			t.Fatalf("select: %d, %v; poll: %d, %v", n1, err1, n2, err2)
		}
		total := 0
		for i := range one {
			got, other, all := slices.Collect(one[i].All()), slices.Collect(two[i].All()), slices.Collect(before[i].All())
			if !slices.Equal(got, other) {
				t.Errorf("set %d: select returns %v, poll %v", i, got, other)
			}
			if err1 != nil && !slices.Equal(got, all) {
				t.Errorf("set %d was %v, and is %v after an error", i, all, got)
			}
			total += len(got)
		}
		if err1 == nil && total != n1 {
			t.Errorf("%d members are ready, but Wait returned %d", total, n1)
		}
	})
}

// setsOf returns sets that have the descriptors whose bits of membership are 1.
func setsOf(fds []int, membership []byte) (sets [3]*selectfd.Set) {
	for i := range sets {
		sets[i] = new(selectfd.Set)
		for j, bits := range membership {
			if bits&(1<<i) != 0 {
				sets[i].Add(fds[j])
			}
		}
	}
	return sets
}

// states returns descriptors in states that select and poll report alike, and one closed number.
func states(t *testing.T) []int {
	idle, full := suite.Pipe(t)
	suite.Fill(t, full)
	ready, w := suite.Pipe(t)
	suite.Write(t, w)
	ended, writer := suite.Pipe(t)
	suite.Close(t, writer)
	reader, broken := suite.Pipe(t)
	suite.Close(t, reader)
	socket, peer := suite.SocketPair(t, unix.SOCK_STREAM)
	suite.Write(t, peer)
	return []int{idle, full, ready, w, ended, broken, socket, suite.File(t), suite.ClosedFD(t)}
}
