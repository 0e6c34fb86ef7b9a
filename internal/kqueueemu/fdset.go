//go:build linux

package kqueueemu

import "iter"

// fdSet is a set of descriptors.
type fdSet []uint64

func (s fdSet) has(fd int) bool { return fd>>6 < len(s) && s[fd>>6]&(1<<(fd&63)) != 0 }

func (s *fdSet) add(fd int) {
	for fd>>6 >= len(*s) {
		*s = append(*s, 0)
	}
	(*s)[fd>>6] |= 1 << (fd & 63)
}

func (s fdSet) remove(fd int) { s[fd>>6] &^= 1 << (fd & 63) }

func (s fdSet) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for fd := range 64 * len(s) {
			if s.has(fd) && !yield(fd) {
				return
			}
		}
	}
}
