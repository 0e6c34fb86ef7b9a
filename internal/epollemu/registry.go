//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package epollemu

import (
	"sync"
	"sync/atomic"

	"iomux/kqueue"
)

// registry knows the Epolls of this process by the number of their descriptor.
var registry struct {
	mu   sync.Mutex
	sets map[int]*set
}

// enroll adds a descriptor of a set.
func enroll(fd int, s *set) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if registry.sets == nil {
		registry.sets = make(map[int]*set)
	}
	registry.sets[fd] = s
}

// discharge removes a descriptor of a set that is about to be closed.
func discharge(fd int, s *set) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if registry.sets[fd] != s {
		return
	}
	delete(registry.sets, fd)
	for _, other := range registry.sets {
		if other.children[int32(fd)] == s {
			delete(other.children, int32(fd))
		}
	}
}

// enrolled returns the set whose descriptor fd is, or nil.
func enrolled(fd int) *set {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return registry.sets[fd]
}

// maxNesting is how many epolls Linux allows inside an epoll. NetBSD and DragonFly follow a longer
// chain of kqueues without a limit and crash.
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
	return true
}

// unnest undoes nest.
func (s *set) unnest(fd int32) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	delete(s.children, fd)
}

// height returns how many levels of epolls s holds, or -1 if forbidden is s or among them.
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

// depth returns how many levels of epolls hold s.
func (s *set) depth() int {
	depth := 0
	for _, parent := range registry.sets {
		for _, child := range parent.children {
			if child == s {
				depth = max(depth, parent.depth()+1)
			}
		}
	}
	return depth
}

// mark identifies a kqueue among the Epolls of this process: it holds a disabled registration that
// no other kqueue has. Old systems have no FilterUser, and hold a timer instead.
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
	for _, s := range registry.sets {
		if s.mark.submit(queue, kqueue.EvDisable) == nil {
			return s
		}
	}
	return nil
}
