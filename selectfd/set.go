package selectfd

import (
	"iter"
	"maps"
	"math/bits"
	"slices"
	"unsafe"

	"iomux/internal/sys"
)

// Set is a set of descriptors, the fd_set of select(2) without its limit: it grows with the highest member. The zero value
// is an empty set. It is for one goroutine at a time, and must not be changed while a Wait uses it.
type Set struct {
	words []sys.SelectWord
	// aside holds the numbers that words would have to become huge for: negative ones, and those above what systems
	// allow by default. Wait looks whether they are descriptors at all.
	aside map[int]struct{}
	// saved is a copy of words that a Wait with a timeout makes.
	saved []sys.SelectWord
}

const wordBits = int(unsafe.Sizeof(sys.SelectWord(0))) * 8

// dense is the number below which members are bits: 2^20, the highest that Linux allows by default (fs.nr_open). Tests, whose
// descriptors are lower, change it.
var dense = 1 << 20

// Add puts fd into the set, FD_SET. Any number is taken; what is no open descriptor shows at Wait.
func (s *Set) Add(fd int) {
	if i := uint(fd) / uint(wordBits); i < uint(len(s.words)) {
		s.words[i] |= 1 << (uint(fd) % uint(wordBits))
		return
	}
	s.addBeyond(fd)
}

// addBeyond adds what there is no word for yet.
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

// Remove takes fd out of the set, FD_CLR.
func (s *Set) Remove(fd int) {
	delete(s.aside, fd)
	if fd >= 0 && fd/wordBits < len(s.words) {
		s.words[fd/wordBits] &^= 1 << (fd % wordBits)
	}
}

// Has reports whether fd is in the set, FD_ISSET.
func (s *Set) Has(fd int) bool {
	if fd >= 0 && fd/wordBits < len(s.words) {
		return s.words[fd/wordBits]&(1<<(fd%wordBits)) != 0
	}
	_, ok := s.aside[fd]
	return ok
}

// Len is the number of members. It counts them.
func (s *Set) Len() int {
	n := len(s.aside)
	for _, word := range s.words {
		n += bits.OnesCount64(uint64(word))
	}
	return n
}

// Clear empties the set, FD_ZERO. Its memory is kept.
func (s *Set) Clear() {
	clear(s.words)
	clear(s.aside)
}

// All is the members in ascending order.
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

// highest is the highest member that is a bit, -1 for none.
func (s *Set) highest() int {
	for i, word := range slices.Backward(s.words) {
		if word != 0 {
			return i*wordBits + bits.Len64(uint64(word)) - 1
		}
	}
	return -1
}

// grow makes room for n bits, in whole units of 64 as the widest word of a kernel is.
func (s *Set) grow(n int) {
	if missing := (n+63)/64*(64/wordBits) - len(s.words); missing > 0 {
		s.words = append(s.words, make([]sys.SelectWord, missing)...)
	}
}
