package kqueuebsd

import (
	"syscall"
	"testing"
	"time"

	"iomux/internal/kevent"
)

// model is a kernel with the behaviour of the system that it is named after, as far as this package
// deals with it. Each rule names the kernel's function. A wait that would block ends the test,
// unless early is set.
type model struct {
	t             *testing.T
	system        string
	registrations []*registration
	calls         int
	added         map[uint64]int // how often each ident was added
	// interrupt makes the next waits fail with EINTR.
	interrupt int
	early     bool // whether timeouts expire after half of their time
}

type registration struct {
	kevent.Event
	interest uint32 // what the file system looks at
	active   bool
	disabled bool
	hits     uint32
}

// side is the descriptor of the SideFD.
const side = 2000

func newKernel(t *testing.T, system string) (*Kernel, *model) {
	m := &model{t: t, system: system, added: make(map[uint64]int)}
	return &Kernel{System: system, Kevent: m.kevent, WakeFD: 1000, SideFD: side}, m
}

func (m *model) kevent(fd int, changes, events []kevent.Event, timeout time.Duration) (int, syscall.Errno) {
	if m.calls++; m.calls > 100 {
		m.t.Fatal("kevent is called again and again")
	}
	if fd == side { // vn_knote_attach and vn_knote_detach
		if k := m.find(changes[0].Ident, kevent.FilterVnode); k != nil {
			k.interest = k.Fflags
		}
		return 0, 0
	}
	n := 0
	for _, change := range changes {
		errno := m.register(change)
		if errno == 0 {
			continue
		}
		if n == len(events) {
			return 0, errno
		}
		change.Flags |= kevent.Error // the flags of the change stay, as on macOS
		change.Data = int64(errno)
		events[n] = change
		n++
	}
	if len(events) == 0 || n > 0 { // kqueue_scan returns at once if there is no room
		return n, 0
	}
	if m.interrupt > 0 {
		m.interrupt--
		return 0, syscall.EINTR
	}
	n = m.scan(events)
	switch {
	case n == 0 && timeout > 0 && m.early:
		time.Sleep(timeout / 2)
	case n == 0 && timeout != 0:
		m.t.Fatal("a wait would block")
	}
	return n, 0
}

func (m *model) find(ident uint64, filter int16) *registration {
	for _, k := range m.registrations {
		if k.Ident == ident && k.Filter == filter {
			return k
		}
	}
	return nil
}

// register is kqueue_register.
func (m *model) register(change kevent.Event) syscall.Errno {
	k := m.find(change.Ident, change.Filter)
	if change.Flags&kevent.Add != 0 {
		m.added[change.Ident]++
	}
	switch {
	case k == nil && change.Flags&kevent.Add == 0:
		return syscall.ENOENT
	case change.Flags&kevent.Delete != 0:
		m.remove(k)
		return 0
	case k == nil:
		k = &registration{Event: change}
		m.registrations = append(m.registrations, k)
		m.attach(k)
	default:
		m.touch(k, change)
	}
	if change.Flags&kevent.Disable != 0 {
		k.disabled = true
	} else if change.Flags&(kevent.Add|kevent.Enable) != 0 {
		k.disabled = false
	}
	return 0
}

func (m *model) remove(k *registration) {
	for i, other := range m.registrations {
		if other == k {
			m.registrations = append(m.registrations[:i], m.registrations[i+1:]...)
		}
	}
}

func (m *model) attach(k *registration) {
	k.interest = k.Fflags
	switch k.Filter {
	case kevent.FilterUser:
		// kqueue_register of FreeBSD and NetBSD has zeroed kn_fflags before filt_userattach
		// looks.
		k.active = k.Fflags&kevent.NoteTrigger != 0 && m.system != "freebsd" && m.system != "netbsd"
	case kevent.FilterTimer:
		m.start(k)
	case kevent.FilterRead:
		k.active = true
	}
}

func (m *model) touch(k *registration, change kevent.Event) {
	switch k.Filter {
	case kevent.FilterUser:
		if change.Fflags&kevent.NoteTrigger != 0 {
			k.active = true
		}
		if change.Flags&kevent.Clear != 0 { // filt_usertouch
			k.active = false
		}
		return
	case kevent.FilterTimer:
		if m.system == "dragonfly" || m.system == "netbsd" { // no f_touch
			k.Udata = change.Udata
			return
		}
	}
	k.Event = change
	if m.system != "netbsd" { // vn_knote_attach alone computes vk_interest
		k.interest = k.Fflags
	}
	if k.Filter == kevent.FilterTimer {
		m.start(k)
	}
}

// start is filt_timerstart. The sum of FreeBSD's overflows.
func (m *model) start(k *registration) {
	k.active = m.system == "freebsd" && k.Fflags&kevent.NoteAbsTime == 0 && k.Data/perSecond(k.Fflags) >= 1<<31
}

// change does something to a file.
func (m *model) change(ident uint64, notes uint32) {
	if k := m.find(ident, kevent.FilterVnode); k != nil && k.interest&notes != 0 {
		k.hits |= notes & k.Fflags
		k.active = k.hits != 0
	}
}

// scan is kqueue_scan.
func (m *model) scan(events []kevent.Event) (n int) {
	for _, k := range append([]*registration(nil), m.registrations...) {
		if n == len(events) || !k.active || k.disabled {
			continue
		}
		events[n] = k.Event
		if k.Filter == kevent.FilterVnode {
			events[n].Fflags = k.hits
		}
		n++
		switch {
		case k.Flags&kevent.OneShot != 0:
			m.remove(k)
		case k.Flags&kevent.Clear != 0:
			k.active, k.hits = false, 0
			if m.system == "netbsd" { // kqueue_scan: EV_CLEAR hides EV_DISPATCH
				continue
			}
			fallthrough
		default:
			k.disabled = k.Flags&kevent.Dispatch != 0
		}
	}
	return n
}
