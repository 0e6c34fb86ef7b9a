// Package lazy creates values when they are first needed.
package lazy

import (
	"sync"
	"sync/atomic"
)

// Value is a value that is created once. After a failure the next call tries again, because a
// system limit may have room later. The zero value is ready to use.
type Value[T any] struct {
	mu   sync.Mutex
	made atomic.Pointer[T]
}

// Get returns the value. If there is none yet, Get calls create and returns its results.
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
