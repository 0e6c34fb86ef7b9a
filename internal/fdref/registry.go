package fdref

import (
	"os"
	"sync"
)

// Shared is what the objects of one number share: a pointer to a struct that embeds a Descriptor.
type Shared interface {
	comparable
	Set(fd int, release func(fd int) error)
	Closed() bool
	Release(fd int) error
}

// Registry finds what the objects of a number share. Its zero value is empty.
type Registry[S Shared] struct {
	// closing is held for reading while a number is closed, which can take long, and for
	// writing by Share, so that it never finds a number that is about to be closed.
	closing  sync.RWMutex
	mu       sync.Mutex // guards byNumber
	byNumber map[int]S
}

// Add sets the Descriptor of s to fd. After Close, its last user calls Release.
func (r *Registry[S]) Add(fd int, s S) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byNumber == nil {
		r.byNumber = make(map[int]S)
	}
	r.byNumber[fd] = s
	s.Set(fd, func(fd int) error {
		r.closing.RLock()
		defer r.closing.RUnlock()
		r.remove(fd, s)
		return s.Release(fd)
	})
}

// remove removes s, unless its number already belongs to another.
func (r *Registry[S]) remove(fd int, s S) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byNumber[fd] == s {
		delete(r.byNumber, fd)
	}
}

// Share calls find with what the objects of the number fd share, or with nil if there is none. If
// find returns something else, the number belongs to a new file, and Share adds the result. Share
// returns os.ErrClosed if fd was closed, but still has a user.
func (r *Registry[S]) Share(fd int, find func(known S) (S, error)) (S, error) {
	r.closing.Lock()
	defer r.closing.Unlock()
	r.mu.Lock()
	known, exists := r.byNumber[fd]
	r.mu.Unlock()
	if exists && known.Closed() {
		return known, os.ErrClosed
	}
	s, err := find(known)
	if err == nil && s != known {
		r.Add(fd, s)
	}
	return s, err
}
