// Package freelist keeps values that are not in use, so that the next user need not allocate.
//
// Unlike a sync.Pool, a list never drops a value. So it allocates only if it has more users at the
// same time than ever before.
package freelist

import "sync"

// List holds unused values. Its zero value is empty and ready to use. It is safe for concurrent
// use.
type List[T any] struct {
	mu   sync.Mutex
	free []T
}

// Get returns the value that was put last. If the list is empty, ok is false.
func (l *List[T]) Get() (value T, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(l.free) - 1
	if last < 0 {
		return value, false
	}
	var none T
	value, l.free[last] = l.free[last], none
	l.free = l.free[:last]
	return value, true
}

// GetOr returns the value that was put last, and the result of create if the list is empty.
func (l *List[T]) GetOr(create func() T) T {
	if value, ok := l.Get(); ok {
		return value
	}
	return create()
}

// Put adds a value that the caller no longer uses.
func (l *List[T]) Put(value T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, value)
}

// Slices holds unused slices. Its zero value is empty and ready to use. It is safe for concurrent
// use.
type Slices[T any] struct{ list List[[]T] }

// Get returns a slice of length n. Its elements are not cleared.
func (s *Slices[T]) Get(n int) []T {
	slice, _ := s.list.Get()
	if cap(slice) < n {
		return make([]T, n)
	}
	return slice[:n]
}

// Put adds a slice that the caller no longer uses.
func (s *Slices[T]) Put(slice []T) { s.list.Put(slice) }
