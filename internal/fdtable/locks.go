package fdtable

import "sync"

// Locks hold a lock for every descriptor, so that calls for different descriptors run side by side.
// Several descriptors share a lock, and each lock has its own cache line. The zero value is ready
// to use.
type Locks [16]struct {
	sync.Mutex
	_ [56]byte
}

// Lock acquires the lock of fd and returns it.
func (l *Locks) Lock(fd int32) *sync.Mutex {
	lock := &l[uint32(fd)%uint32(len(l))].Mutex
	lock.Lock()
	return lock
}

// LockAll acquires the locks of all descriptors.
func (l *Locks) LockAll() {
	for i := range l {
		l[i].Lock()
	}
}

// TryLockAll acquires all locks, or none if one is held. It does not wait.
func (l *Locks) TryLockAll() bool {
	for i := range l {
		if !l[i].TryLock() {
			for j := range i {
				l[j].Unlock()
			}
			return false
		}
	}
	return true
}

// UnlockAll releases the locks of all descriptors.
func (l *Locks) UnlockAll() {
	for i := range l {
		l[i].Unlock()
	}
}
