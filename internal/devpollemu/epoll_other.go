//go:build unix && !linux

package devpollemu

import "syscall"

// epoll takes the place of Linux's epoll on other systems.
type epoll struct{}

func newEpoll() *epoll { return nil }

func (*epoll) fd() int { return -1 }

func (*epoll) acquire() bool { return false }

func (*epoll) release() {}

func (*epoll) close() {}

func (*epoll) add(int32, uint16, uint32) syscall.Errno { return syscall.ENOSYS }

func (*epoll) modify(int32, uint16, uint32) bool { return false }

func (*epoll) remove(int32) bool { return false }

// epollEvents has room for the events of an epoll.
type epollEvents struct{}

// epollEvent is an event of an epoll.
type epollEvent struct {
	Events uint32
	Fd     int32
	Pad    int32
}

func (*epollEvents) take(*epoll, int) []epollEvent { return nil }

func fromEpoll(uint32) uint16 { return 0 }
