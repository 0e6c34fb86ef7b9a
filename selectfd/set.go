package selectfd

import (
	"iter"
	"maps"
	"math/bits"
	"slices"
	"unsafe"

	"iomux/internal/sys"
)

// Set is a set of descriptors: the fd_set of select(2) without its limit. It grows with the highest
// member. The zero value is an empty set. A Set is not safe for concurrent use, and must not be
// changed during a Wait.
type Set struct {
	words []sys.SelectWord
	// aside holds numbers that do not fit in words: negative numbers, and numbers for which
	// words would become huge. Wait checks whether they are descriptors.
	aside map[int]struct{}
	// saved is the copy of words that a Wait with a timeout makes.
	saved []sys.SelectWord
}

const wordBits = int(unsafe.Sizeof(sys.SelectWord(0))) * 8

// dense is the limit below which members are bits of words. It is the default of Linux's
// fs.nr_open. Tests lower it.
var dense = 1 << 20

// Add adds fd to the set, as FD_SET does. It accepts any number. Wait returns EBADF for a number
// that is not an open descriptor.
func (s *Set) Add(fd int) {
	if i := uint(fd) / uint(wordBits); i < uint(len(s.words)) {
		s.words[i] |= 1 << (uint(fd) % uint(wordBits))
		return
	}
	s.addBeyond(fd)
}

// addBeyond adds a number for which there is no word yet.
func (s *Set) addBeyond(fd int) {
	if fd < 0 || fd >= dense {
		if s.aside == nil {
			s.aside = make(map[int]struct{})
		}
		s.aside[fd] = struct{}{}
		return
	}
	s.grow(fd + 1)
	s.words[fd/wordBits] |= 1 << (fd % wordBits)
}

// Remove removes fd from the set, as FD_CLR does.
func (s *Set) Remove(fd int) {
	delete(s.aside, fd)
	if fd >= 0 && fd/wordBits < len(s.words) {
		s.words[fd/wordBits] &^= 1 << (fd % wordBits)
	}
}

// Has reports whether fd is in the set, as FD_ISSET does.
func (s *Set) Has(fd int) bool {
	if fd >= 0 && fd/wordBits < len(s.words) {
		return s.words[fd/wordBits]&(1<<(fd%wordBits)) != 0
	}
	_, ok := s.aside[fd]
	return ok
}

// Len returns the number of members.
func (s *Set) Len() int {
	n := len(s.aside)
	for _, word := range s.words {
		n += bits.OnesCount64(uint64(word))
	}
	return n
}

// Clear removes all members, as FD_ZERO does. It keeps the memory.
func (s *Set) Clear() {
	clear(s.words)
	clear(s.aside)
}

// All returns the members in ascending order.
func (s *Set) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		far := slices.Sorted(maps.Keys(s.aside))
		negative, _ := slices.BinarySearch(far, 0)
		for _, fd := range far[:negative] {
			if !yield(fd) {
				return
			}
		}
		for i, word := range s.words {
			for ; word != 0; word &= word - 1 {
				if !yield(i*wordBits + bits.TrailingZeros64(uint64(word))) {
					return
				}
			}
		}
		for _, fd := range far[negative:] {
			if !yield(fd) {
				return
			}
		}
	}
}

// highest returns the highest member that is a bit, or -1.
func (s *Set) highest() int {
	last := len(s.words) - 1
	for last >= 0 && s.words[last] == 0 {
		last--
	}
	if last < 0 {
		return -1
	}
	return last*wordBits + bits.Len64(uint64(s.words[last])) - 1
}

// grow makes room for n bits, in units of 64, the longest word of a kernel.
func (s *Set) grow(n int) {
	if missing := (n+63)/64*(64/wordBits) - len(s.words); missing > 0 {
		s.words = append(s.words, make([]sys.SelectWord, missing)...)
	}
}
