package measure

import (
	"iomux"
	"iomux/devpoll"
	"iomux/epoll"
	"iomux/kqueue"
	"iomux/poll"
	"iomux/selectfd"
)

// Mechanism describes a mechanism and opens waiters that use it.
type Mechanism struct {
	Name   string // as in --mechanisms
	Native bool   // the kernel provides it
	By     string // for the Poller, the mechanism that it uses
	open   func(fds []int) (waiter, error)
}

// Label returns the name for charts, with a note if the mechanism is emulated or the Poller.
func (m Mechanism) Label() string {
	switch {
	case m.By != "":
		return "Poller on " + m.By
	case !m.Native:
		return m.Name + " (emulated)"
	}
	return m.Name
}

// All returns the mechanisms of all systems, in display order.
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

// portable returns the Poller of package iomux as a mechanism.
func portable() Mechanism {
	m := Mechanism{Name: "poller", open: openPoller}
	if poller, err := iomux.New[int](); err == nil {
		m.By, m.Native = poller.Mechanism().String(), poller.Mechanism().Native()
		_ = poller.Close()
	}
	return m
}

// Available returns nil if this system has the mechanism, or the error of trying it.
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
