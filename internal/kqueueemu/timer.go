//go:build linux

package kqueueemu

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// timer is FilterTimer, with a timerfd each.
type timer struct{}

func (t timer) attach(q *Queue, epoll int, k *note) syscall.Errno {
	if errno := t.start(q, k, k.fflags, k.data); errno != 0 {
		return errno
	}
	errno := epollCtl(epoll, unix.EPOLL_CTL_ADD, k.fd, k.readable(), k.slot, k.generation)
	if errno != 0 {
		q.discard(k.fd)
	}
	return errno
}

// touch starts the timer anew if the change adds it once more.
func (t timer) touch(q *Queue, epoll int, k *note, change Event) syscall.Errno {
	if change.Flags&evAdd == 0 {
		return 0
	}
	before := k.fd
	if errno := t.start(q, k, change.Fflags, change.Data); errno != 0 {
		return errno
	}
	if k.fd != before { // on another clock; the old one left the epoll when it was closed
		return epollCtl(epoll, unix.EPOLL_CTL_ADD, k.fd, k.readable(), k.slot, k.generation)
	}
	return 0
}

func (timer) enable(_ *Queue, epoll int, k *note) syscall.Errno {
	return epollCtl(epoll, unix.EPOLL_CTL_MOD, k.fd, k.readable(), k.slot, k.generation)
}

func (timer) detach(q *Queue, _ int, k *note) syscall.Errno {
	q.discard(k.fd)
	return 0
}

// fire reads the timerfd, which makes it unreadable until the timer expires again.
func (timer) fire(_ *Queue, k *note, _ uint32) (report, bool) {
	var count [8]byte
	if !sysRead(k.fd, &count) {
		return report{}, false // another waiter was told
	}
	return report{data: *(*int64)(unsafe.Pointer(&count))}, true
}

func (timer) again(*Queue, int, *note) syscall.Errno { return 0 }

// readable is what an enabled note waits for on a descriptor of its own.
func (k *note) readable() uint32 {
	if k.disabled {
		return 0
	}
	return unix.EPOLLIN
}

// start makes the timer, if there is none on the clock that is needed, and sets it. After a failure all is as it was.
func (timer) start(q *Queue, k *note, fflags uint32, data int64) syscall.Errno {
	k.flags |= evClear // a timer tells how often it expired since it was last asked
	spec, errno := expiry(fflags, data, k.flags&evOneShot != 0)
	if errno != 0 {
		return errno
	}
	clock, flags := unix.CLOCK_MONOTONIC, 0
	if fflags&NoteAbsTime != 0 {
		clock, flags = unix.CLOCK_REALTIME, unix.TFD_TIMER_ABSTIME
	}
	fd := k.fd
	if fd < 0 || clock != k.clock {
		if fd, errno = q.adopt(unix.TimerfdCreate(clock, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)); errno != 0 {
			return errno
		}
	}
	if errno := timerfdSettime(fd, flags, &spec); errno != 0 {
		if fd != k.fd {
			q.discard(fd)
		}
		return errno
	}
	if fd != k.fd && k.fd >= 0 {
		q.discard(k.fd)
	}
	k.fd, k.clock = fd, clock
	return 0
}

// itimerspec is struct __kernel_itimerspec: 64-bit fields on 32-bit machines too.
type itimerspec struct{ intervalSec, intervalNsec, sec, nsec int64 }

// expiry is when a timer expires: once at a time, or every period. A period of nothing is one unit, as nothing would stop
// the timer.
func expiry(fflags uint32, data int64, once bool) (itimerspec, syscall.Errno) {
	unit := time.Millisecond
	switch fflags &^ NoteAbsTime {
	case 0, NoteMSeconds:
	case NoteSeconds:
		unit = time.Second
	case NoteUSeconds:
		unit = time.Microsecond
	case NoteNSeconds:
		unit = time.Nanosecond
	default:
		return itimerspec{}, unix.EINVAL
	}
	if data < 0 {
		return itimerspec{}, unix.EINVAL
	}
	perSecond := int64(time.Second / unit)
	spec := itimerspec{sec: data / perSecond, nsec: data % perSecond * int64(unit)}
	// The kernel takes more for ever, but computes with nanoseconds.
	spec.sec = min(spec.sec, math.MaxInt64/int64(time.Second)-1)
	absolute := fflags&NoteAbsTime != 0
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
