//go:build linux

package kqueueemu

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
)

// timer is the source of FilterTimer. Each registration has a timerfd.
type timer struct{}

func (t timer) attach(q *Queue, epoll int, r *registration) syscall.Errno {
	if errno := t.start(q, r, r.fflags, r.data); errno != 0 {
		return errno
	}
	errno := epollCtl(epoll, unix.EPOLL_CTL_ADD, r.fd, r.readable(), r.slot, r.generation)
	if errno != 0 {
		q.discard(r.fd)
	}
	return errno
}

// touch restarts the timer if the change has EvAdd.
func (t timer) touch(q *Queue, epoll int, r *registration, change kevent.Event) syscall.Errno {
	if change.Flags&kevent.Add == 0 {
		return 0
	}
	before := r.fd
	if errno := t.start(q, r, change.Fflags, change.Data); errno != 0 {
		return errno
	}
	if r.fd != before { // on another clock; closing the old one removed it from the epoll
		return epollCtl(epoll, unix.EPOLL_CTL_ADD, r.fd, r.readable(), r.slot, r.generation)
	}
	return 0
}

func (timer) enable(_ *Queue, epoll int, r *registration) syscall.Errno {
	return epollCtl(epoll, unix.EPOLL_CTL_MOD, r.fd, r.readable(), r.slot, r.generation)
}

func (timer) detach(q *Queue, _ int, r *registration) syscall.Errno {
	q.discard(r.fd)
	return 0
}

// fire reads the timerfd, which is then unreadable until the timer expires again. If another waiter
// has read it, there is no event.
func (timer) fire(_ *Queue, r *registration, _ uint32) (report, bool, syscall.Errno) {
	var count [8]byte
	if !sysRead(r.fd, &count) {
		return report{}, false, 0
	}
	return report{data: *(*int64)(unsafe.Pointer(&count))}, true, 0
}

func (timer) reportAgain(*Queue, int, *registration) syscall.Errno { return 0 }

// readable returns the epoll events to request for the registration's own descriptor: none if the
// registration is disabled.
func (r *registration) readable() uint32 {
	if r.disabled {
		return 0
	}
	return unix.EPOLLIN
}

// start sets the timer. It opens a timerfd if there is none for the required clock. A failure
// changes nothing.
func (timer) start(q *Queue, r *registration, fflags uint32, data int64) syscall.Errno {
	r.flags |= kevent.Clear // Data counts the expiries since the last report
	spec, errno := expiry(fflags, data, r.flags&kevent.OneShot != 0)
	if errno != 0 {
		return errno
	}
	clock, flags := unix.CLOCK_MONOTONIC, 0
	if fflags&kevent.NoteAbsTime != 0 {
		clock, flags = unix.CLOCK_REALTIME, unix.TFD_TIMER_ABSTIME
	}
	fd := r.fd
	if fd < 0 || clock != r.clock {
		if fd, errno = q.adopt(unix.TimerfdCreate(clock, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)); errno != 0 {
			return errno
		}
	}
	if errno := timerfdSettime(fd, flags, &spec); errno != 0 {
		if fd != r.fd {
			q.discard(fd)
		}
		return errno
	}
	if fd != r.fd && r.fd >= 0 {
		q.discard(r.fd)
	}
	r.fd, r.clock = fd, clock
	return 0
}

// itimerspec is struct __kernel_itimerspec: 64-bit fields on 32-bit machines too.
type itimerspec struct{ intervalSec, intervalNsec, sec, nsec int64 }

// expiry returns when a timer expires: once, or every period. A period of zero becomes one unit,
// because zero would stop the timer.
func expiry(fflags uint32, data int64, once bool) (itimerspec, syscall.Errno) {
	unit := time.Millisecond
	switch fflags &^ kevent.NoteAbsTime {
	case 0, kevent.NoteMSeconds:
	case kevent.NoteSeconds:
		unit = time.Second
	case kevent.NoteUSeconds:
		unit = time.Microsecond
	case kevent.NoteNSeconds:
		unit = time.Nanosecond
	default:
		return itimerspec{}, unix.EINVAL
	}
	if data < 0 {
		return itimerspec{}, unix.EINVAL
	}
	perSecond := int64(time.Second / unit)
	spec := itimerspec{sec: data / perSecond, nsec: data % perSecond * int64(unit)}
	// The kernel counts in nanoseconds, and treats larger values as infinity.
	spec.sec = min(spec.sec, math.MaxInt64/int64(time.Second)-1)
	absolute := fflags&kevent.NoteAbsTime != 0
	if data == 0 {
		spec.nsec = 1
		if !once && !absolute {
			spec.sec, spec.nsec = int64(unit/time.Second), int64(unit%time.Second)
		}
	}
	if !once && !absolute {
		spec.intervalSec, spec.intervalNsec = spec.sec, spec.nsec
	}
	return spec, 0
}

func timerfdSettime(fd, flags int, spec *itimerspec) syscall.Errno {
	_, _, errno := unix.RawSyscall6(sysTimerfdSettime, uintptr(fd), uintptr(flags), uintptr(unsafe.Pointer(spec)), 0, 0, 0)
	return errno
}
