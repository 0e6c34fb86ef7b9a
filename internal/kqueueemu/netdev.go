//go:build linux

package kqueueemu

import (
	"math"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// netdev is the source of FilterNetdev. It uses rtnetlink. The ident is the index of an interface,
// or 0 for all of them.
type netdev struct{}

const linkNotes = kevent.NoteLinkUp | kevent.NoteLinkDown | kevent.NoteLinkInv

// links holds the network interfaces that a queue knows.
type links struct {
	fd    int              // a netlink socket in the group of link changes
	state map[int32]uint32 // the last note of each interface
}

func (n netdev) attach(q *Queue, epoll int, r *registration) syscall.Errno {
	if errno := onlyNotes(r.fflags, linkNotes); errno != 0 {
		return errno
	}
	if errno := q.makeLinks(epoll); errno != 0 {
		return errno
	}
	q.readLinks() // earlier changes are not the registration's
	if _, exists := q.links.state[int32(min(r.ident, math.MaxInt32))]; r.ident != 0 && !exists {
		return unix.ENXIO
	}
	r.flags |= kevent.Clear
	return 0
}

func (netdev) touch(q *Queue, _ int, r *registration, change kevent.Event) syscall.Errno {
	return r.takeNotes(change, linkNotes, q.readLinks)
}

func (netdev) enable(q *Queue, _ int, r *registration) syscall.Errno {
	q.record(r, 0)
	return 0
}

func (netdev) detach(*Queue, int, *registration) syscall.Errno { return 0 }

// fire reports the changes since the last event. Data is the index of the interface that changed
// last.
func (netdev) fire(_ *Queue, r *registration, _ uint32) (report, bool, syscall.Errno) {
	notes := r.noted & r.fflags
	r.noted = 0
	return report{fflags: notes, data: r.count}, notes != 0, 0
}

func (netdev) reportAgain(*Queue, int, *registration) syscall.Errno { return 0 }

// makeLinks opens the netlink socket before it lists the interfaces, so that no change is missed.
func (q *Queue) makeLinks(epoll int) syscall.Errno {
	if q.links.fd >= 0 {
		return 0
	}
	fd, errno := q.adopt(unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE))
	if errno != 0 {
		return errno
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK}); err != nil {
		q.discard(fd)
		return err.(syscall.Errno)
	}
	state, errno := listLinks()
	if errno == 0 {
		errno = epollCtl(epoll, unix.EPOLL_CTL_ADD, fd, unix.EPOLLIN, linkSlot, 0)
	}
	if errno != 0 {
		q.discard(fd)
		return errno
	}
	q.links = links{fd: fd, state: state}
	return 0
}

// listLinks returns the state of every interface.
func listLinks() (map[int32]uint32, syscall.Errno) {
	list, err := syscall.NetlinkRIB(unix.RTM_GETLINK, unix.AF_UNSPEC)
	if err != nil {
		return nil, errnoOf(err)
	}
	state := make(map[int32]uint32)
	eachLink(list, func(index int32, note uint32) { state[index] = note })
	return state, 0
}

// errnoOf returns the errno of an error of package syscall.
func errnoOf(err error) syscall.Errno {
	if errno, ok := err.(syscall.Errno); ok {
		return errno
	}
	return unix.EIO
}

// readLinks handles all link changes that have arrived.
func (q *Queue) readLinks() {
	for q.links.fd >= 0 {
		n, _, err := unix.Recvfrom(q.links.fd, q.messages(), 0)
		switch {
		case err == unix.EINTR:
		case err == unix.ENOBUFS:
			q.compareLinks()
		case err != nil || n <= 0:
			return
		default:
			eachLink(q.buffer[:n], q.linkChanged)
		}
	}
}

// compareLinks finds the changes after messages were lost.
func (q *Queue) compareLinks() {
	now, errno := listLinks()
	if errno != 0 {
		return
	}
	for index := range q.links.state {
		if _, exists := now[index]; !exists {
			q.linkChanged(index, kevent.NoteLinkInv)
		}
	}
	for index, note := range now {
		q.linkChanged(index, note)
	}
}

// linkChanged records the state of an interface, if it has changed.
func (q *Queue) linkChanged(index int32, note uint32) {
	if q.links.state[index] == note {
		return
	}
	q.links.state[index] = note
	if note == kevent.NoteLinkInv {
		delete(q.links.state, index)
	}
	for _, ident := range [...]uint64{0, uint64(index)} {
		if r := q.registrations[key{ident, kevent.FilterNetdev}]; r != nil {
			r.count = int64(index)
			q.record(r, note)
		}
	}
}

// eachLink calls f with the index and the state of each interface in the messages. The state of a
// removed interface is NoteLinkInv.
func eachLink(messages []byte, f func(index int32, note uint32)) {
	list, err := syscall.ParseNetlinkMessage(messages)
	if err != nil {
		return
	}
	for _, message := range list {
		if len(message.Data) < unix.SizeofIfInfomsg {
			continue
		}
		info := (*unix.IfInfomsg)(unsafe.Pointer(&message.Data[0]))
		if info.Family != unix.AF_UNSPEC { // of a bridge's port
			continue
		}
		switch message.Header.Type {
		case unix.RTM_DELLINK:
			f(info.Index, kevent.NoteLinkInv)
		case unix.RTM_NEWLINK:
			f(info.Index, noteOf(info.Flags))
		}
	}
}

func noteOf(flags uint32) uint32 {
	if flags&unix.IFF_UP != 0 && flags&unix.IFF_RUNNING != 0 {
		return kevent.NoteLinkUp
	}
	return kevent.NoteLinkDown
}
