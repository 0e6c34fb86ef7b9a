//go:build unix && !linux

package devpollemu

import "syscall"

// epoll is what this system lacks.
type epoll struct{}

func newEpoll() *epoll { return nil }

func (*epoll) fd() int { return -1 }

func (*epoll) acquire() bool { return false }

func (*epoll) release() {}

func (*epoll) close() {}

func (*epoll) add(int32, uint16, uint32) syscall.Errno { return syscall.ENOSYS }

func (*epoll) modify(int32, uint16, uint32) bool { return false }

func (*epoll) remove(int32) bool { return false }

// insideEvents is room for what an epoll tells.
type insideEvents struct{}

// insideEvent is what an epoll tells of a descriptor.
type insideEvent struct {
	Events uint32
	Fd     int32
	Pad    int32
}

func (*insideEvents) take(*epoll, int) []insideEvent { return nil }

func fromEpoll(uint32) uint16 { return 0 }
