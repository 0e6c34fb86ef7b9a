// Package fdtable maps descriptors to values and to locks.
package fdtable

import "iter"

// Table maps descriptors to pointers. Descriptors are small numbers close to each other, so a Table
// is an array. The array consists of pages, so that one large number does not make it large. The
// zero value is empty and ready to use. A Table is not safe for concurrent use.
type Table[T any] struct {
	pages []*[pageSize]*T
}

const pageSize = 128

// Get returns the value of fd, or nil if there is none.
func (t *Table[T]) Get(fd int32) *T {
	page := int(uint32(fd) / pageSize)
	if page >= len(t.pages) || t.pages[page] == nil {
		return nil
	}
	return t.pages[page][uint32(fd)%pageSize]
}

// HasPage reports whether Set of fd, which must not be negative, needs no memory.
func (t *Table[T]) HasPage(fd int32) bool {
	page := int(fd / pageSize)
	return page < len(t.pages) && t.pages[page] != nil
}

// Set sets the value of fd, which must not be negative. A nil value removes it.
func (t *Table[T]) Set(fd int32, value *T) {
	page := int(uint32(fd) / pageSize)
	if missing := page + 1 - len(t.pages); missing > 0 {
		if value == nil {
			return
		}
		t.pages = append(t.pages, make([]*[pageSize]*T, missing)...)
	}
	if t.pages[page] == nil {
		t.pages[page] = new([pageSize]*T)
	}
	t.pages[page][uint32(fd)%pageSize] = value
}

// All returns an iterator over the descriptors and their values, in ascending order. Set may be
// called during the iteration.
func (t *Table[T]) All() iter.Seq2[int32, *T] { return t.From(0) }

// From is like All for the descriptors from first on.
func (t *Table[T]) From(first int32) iter.Seq2[int32, *T] {
	return func(yield func(int32, *T) bool) {
		for number := int(first / pageSize); number < len(t.pages); number++ {
			page := t.pages[number]
			if page == nil {
				continue
			}
			for i, value := range page {
				fd := int32(number*pageSize + i)
				if value != nil && fd >= first && !yield(fd, value) {
					return
				}
			}
		}
	}
}
