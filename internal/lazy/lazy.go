// Package lazy makes values when they are first needed.
package lazy

import (
	"sync"
	"sync/atomic"
)

// Value is a value that is made once. A failure to make it is not remembered: it may be due to a
// limit of the system that has room again later. The zero value is ready to use.
type Value[T any] struct {
	mu   sync.Mutex
	made atomic.Pointer[T]
}

// Get returns the value. If there is none yet, it calls create and returns its error.
func (v *Value[T]) Get(create func() (T, error)) (T, error) {
	if made := v.made.Load(); made != nil {
		return *made, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if made := v.made.Load(); made != nil {
		return *made, nil
	}
	value, err := create()
	if err == nil {
		v.made.Store(&value)
	}
	return value, err
}
