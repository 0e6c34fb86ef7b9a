//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestNest builds chains without kqueues, because Linux itself refuses long chains.
func TestNest(t *testing.T) {
	const first = 1 << 20 // no number of an open descriptor
	epolls := make([]*Epoll, 10)
	for i := range epolls {
		epolls[i] = &Epoll{set: &set{children: make(map[int32]*set)}}
		addToRegistry(first+i, epolls[i])
		t.Cleanup(func() { removeFromRegistry(first+i, epolls[i]) })
	}
	nests := func(outer, inner int, want bool) {
		t.Helper()
		if got := epolls[outer].nest(int32(first+inner), epolls[inner].set); got != want {
			t.Errorf("%d holds %d: %v, want %v", outer, inner, got, want)
		}
	}
	nests(0, 0, false)
	nests(1, 0, true)
	nests(0, 1, false)
	nests(2, 1, true)
	nests(0, 2, false)
	nests(3, 2, true)
	nests(4, 3, true)
	nests(5, 4, false)
	nests(5, 3, true)
	nests(6, 5, false)
	nests(0, 7, false)
	epolls[4].unnest(first + 3)
	epolls[5].unnest(first + 3)
	nests(0, 7, true)
	nests(4, 3, false)
	removeFromRegistry(first+7, epolls[7])
	nests(4, 3, true)
}

// Add must refuse a chain that the system might allow. The chain has no real kqueues.
func TestAddObeysTheLimitOfNesting(t *testing.T) {
	const first = 1 << 20 // no number of an open descriptor
	outer, _ := opened(t)
	inner, _ := opened(t)
	held, number := outer.set, outer.FD()
	for i := range maxNesting {
		holder := &Epoll{set: &set{children: make(map[int32]*set)}}
		addToRegistry(first+i, holder)
		t.Cleanup(func() { removeFromRegistry(first+i, holder) })
		if !holder.nest(int32(number), held) {
			t.Fatalf("%d levels are too many", i+1)
		}
		held, number = holder.set, first+i
	}
	if err := outer.Add(inner.FD(), In, 0); err != unix.ELOOP {
		t.Errorf("Add: %v, want ELOOP", err)
	}
}
