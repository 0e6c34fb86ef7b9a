//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"sync"
	"sync/atomic"

	"iomux/kqueue"
)

// registry holds the Epolls of this process by descriptor.
var registry struct {
	mu     sync.Mutex
	epolls map[int]*Epoll
}

// addToRegistry adds an Epoll, whose descriptor is fd.
func addToRegistry(fd int, e *Epoll) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if registry.epolls == nil {
		registry.epolls = make(map[int]*Epoll)
	}
	registry.epolls[fd] = e
}

// removeFromRegistry removes an Epoll before its descriptor is closed. Another Epoll may have the
// same descriptor.
func removeFromRegistry(fd int, e *Epoll) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if known := registry.epolls[fd]; known == nil || known.set != e.set {
		return
	}
	delete(registry.epolls, fd)
	for _, other := range registry.epolls {
		if other.children[int32(fd)] == e.set {
			delete(other.children, int32(fd))
		}
	}
}

// epollOf returns the Epoll with the descriptor fd, or nil.
func epollOf(fd int) *Epoll {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return registry.epolls[fd]
}

// maxNesting is the number of nested epolls that Linux allows inside an epoll. The kernels of
// NetBSD and DragonFly have no limit, and crash on long chains of kqueues.
const maxNesting = 4

// nest records that s holds the epoll inner as fd. It reports false, and records nothing, if epolls
// would watch each other or be nested too deeply.
func (s *set) nest(fd int32, inner *set) bool {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if inner.height(s) < 0 || inner.height(s)+1+s.depth() > maxNesting {
		return false
	}
	s.children[fd] = inner
	s.nests.Store(true)
	return true
}

// unnest undoes nest.
func (s *set) unnest(fd int32) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	delete(s.children, fd)
}

// height returns the number of levels of epolls below s, or -1 if forbidden is s or one of them.
func (s *set) height(forbidden *set) int {
	if s == forbidden {
		return -1
	}
	height := 0
	for _, child := range s.children {
		below := child.height(forbidden)
		if below < 0 {
			return -1
		}
		height = max(height, below+1)
	}
	return height
}

// depth returns the number of levels of epolls above s.
func (s *set) depth() int {
	depth := 0
	for _, parent := range registry.epolls {
		for _, child := range parent.children {
			if child == s {
				depth = max(depth, parent.depth()+1)
			}
		}
	}
	return depth
}

// mark identifies a kqueue among the Epolls of this process. It is a disabled registration that no
// other kqueue has. Systems without FilterUser use a timer.
type mark struct {
	ident  uint64
	filter kqueue.Filter
}

var marks atomic.Uint64

func (m *mark) put(queue *kqueue.Queue) error {
	*m = mark{ident: marks.Add(1) + 1<<20, filter: kqueue.FilterUser}
	if m.submit(queue, kqueue.EvAdd|kqueue.EvDisable) == nil {
		return nil
	}
	m.filter = kqueue.FilterTimer
	return m.submit(queue, kqueue.EvAdd|kqueue.EvDisable)
}

func (m *mark) submit(queue *kqueue.Queue, flags kqueue.Flags) error {
	change := kqueue.Event{Ident: m.ident, Filter: m.filter, Flags: flags}
	if m.filter == kqueue.FilterTimer {
		change.Data = 1 << 30 // milliseconds
	}
	_, err := queue.Control([]kqueue.Event{change}, nil, 0)
	return err
}

// marked returns the set whose mark the queue holds, or nil.
func marked(queue *kqueue.Queue) *set {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	for _, e := range registry.epolls {
		if e.mark.submit(queue, kqueue.EvDisable) == nil {
			return e.set
		}
	}
	return nil
}
