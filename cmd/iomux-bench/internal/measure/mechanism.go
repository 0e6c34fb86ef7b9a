package measure

import (
	"iomux"
	"iomux/devpoll"
	"iomux/epoll"
	"iomux/kqueue"
	"iomux/poll"
	"iomux/selectfd"
)

// Mechanism is a way to wait that is measured.
type Mechanism struct {
	Name   string // as on a command line
	Native bool   // the kernel's own on this system
	By     string // of the portable Poller: the mechanism that it uses
	open   func(fds []int) (waiter, error)
}

// Label is the name, and what is to be known of it besides.
func (m Mechanism) Label() string {
	switch {
	case m.By != "":
		return "Poller on " + m.By
	case !m.Native:
		return m.Name + " (emulated)"
	}
	return m.Name
}

// All is every mechanism that there is anywhere, in the order in which they are shown.
func All() []Mechanism {
	return []Mechanism{
		{Name: "select", Native: selectfd.Native, open: openSelect},
		{Name: "poll", Native: poll.Native, open: openPoll},
		{Name: "epoll", Native: epoll.Native, open: openEpoll},
		{Name: "kqueue", Native: kqueue.Native, open: openKqueue},
		{Name: "devpoll", Native: devpoll.Native, open: openDevpoll},
		portable(),
	}
}

// portable is the Poller of package iomux.
func portable() Mechanism {
	m := Mechanism{Name: "poller", open: openPoller}
	if poller, err := iomux.New[int](); err == nil {
		m.By, m.Native = poller.Mechanism().String(), poller.Mechanism().Native()
		_ = poller.Close()
	}
	return m
}

// Available is nil where this system has the mechanism, and else says why not. It tries.
func (m Mechanism) Available() error {
	w, err := m.open(nil)
	if err != nil {
		return err
	}
	_, err = w.wait(0)
	if closing := w.close(); err == nil {
		err = closing
	}
	return err
}
