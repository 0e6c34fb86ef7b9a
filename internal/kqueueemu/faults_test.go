//go:build linux

package kqueueemu

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/kevent"
	"iomux/internal/timeout"
)

// faulty is a source whose calls fail with the given errnos. It is always ready.
type faulty struct{ fireFails, againFails, enableFails, detachFails []syscall.Errno }

// next takes the next failure from the list.
func next(failures *[]syscall.Errno) (errno syscall.Errno) {
	if len(*failures) > 0 {
		errno, *failures = (*failures)[0], (*failures)[1:]
	}
	return errno
}

func (*faulty) attach(q *Queue, _ int, r *registration) syscall.Errno {
	q.activate(r)
	return 0
}

func (*faulty) touch(_ *Queue, _ int, r *registration, change kevent.Event) syscall.Errno {
	r.fflags, r.data = change.Fflags, change.Data
	return 0
}

func (f *faulty) enable(q *Queue, _ int, r *registration) syscall.Errno {
	errno := next(&f.enableFails)
	if errno == 0 {
		q.activate(r)
	}
	return errno
}

func (f *faulty) detach(*Queue, int, *registration) syscall.Errno { return next(&f.detachFails) }

func (f *faulty) fire(*Queue, *registration, uint32) (report, bool, syscall.Errno) {
	return report{}, true, next(&f.fireFails)
}

func (f *faulty) reportAgain(q *Queue, _ int, r *registration) syscall.Errno {
	errno := next(&f.againFails)
	if errno == 0 {
		return q.reactivate(r)
	}
	return errno
}

// newFaulty returns a queue with one registration of the source.
func newFaulty(t *testing.T, f *faulty, flags uint16) (q *Queue, epoll int) {
	t.Helper()
	q, epoll, _, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		q.Release(epoll, false)
		_ = unix.Close(epoll)
	})
	if errno := q.add(epoll, f, kevent.Event{Ident: 1, Filter: kevent.FilterUser, Flags: kevent.Add | flags, Udata: 7}); errno != 0 {
		t.Fatal(errno)
	}
	return q, epoll
}

// expect waits once.
func expect(t *testing.T, q *Queue, epoll, want int, failure syscall.Errno) {
	t.Helper()
	n, _, errno := q.Wait(epoll, make([]kevent.Event, 4), new(timeout.Countdown))
	if n != want || errno != failure {
		t.Errorf("Wait: %d, %v, want %d, %v", n, errno, want, failure)
	}
}

// transient holds errnos that do not mean that the object is gone.
var transient = []syscall.Errno{unix.ENOMEM, unix.ENOSPC, unix.EIO, unix.EMFILE, unix.EINTR}

// TestFailureToArmKeepsTheRegistration makes a source fail to arm again after its report.
func TestFailureToArmKeepsTheRegistration(t *testing.T) {
	for _, errno := range transient {
		f := &faulty{againFails: []syscall.Errno{errno}}
		q, epoll := newFaulty(t, f, 0)
		expect(t, q, epoll, 1, 0)
		if len(f.againFails) > 0 {
			t.Fatal("no call has failed")
		}
		reportsAgain(t, q, epoll)
		expect(t, q, epoll, 1, 0)
	}
}

// reportsAgain allows for one wait that only arms the registration.
func reportsAgain(t *testing.T, q *Queue, epoll int) {
	t.Helper()
	for range 2 {
		if n, _, errno := q.Wait(epoll, make([]kevent.Event, 4), new(timeout.Countdown)); n == 1 && errno == 0 {
			return
		}
	}
	t.Error("the registration is lost")
}

// TestLastingFailureIsAnError makes each arming fail. The wait must not become a busy loop.
func TestLastingFailureIsAnError(t *testing.T) {
	f := &faulty{againFails: []syscall.Errno{unix.ENOMEM}, enableFails: []syscall.Errno{unix.ENOMEM, unix.ENOMEM}}
	q, epoll := newFaulty(t, f, 0)
	expect(t, q, epoll, 1, 0)
	expect(t, q, epoll, 0, unix.ENOMEM)
	expect(t, q, epoll, 0, unix.ENOMEM)
	reportsAgain(t, q, epoll)
}

// TestFailureToReportIsTriedAgain makes a source fail to examine its object.
func TestFailureToReportIsTriedAgain(t *testing.T) {
	for _, errno := range transient {
		q, epoll := newFaulty(t, &faulty{fireFails: []syscall.Errno{errno}}, kevent.Clear)
		expect(t, q, epoll, 0, errno)
		expect(t, q, epoll, 1, 0)
		expect(t, q, epoll, 0, 0)
	}
}

// TestGoneObjectsAreRemoved uses errnos that mean that the object is gone.
func TestGoneObjectsAreRemoved(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EBADF, unix.ENOENT, unix.EPERM} {
		for _, f := range []*faulty{{againFails: []syscall.Errno{errno}}, {fireFails: []syscall.Errno{errno}}} {
			q, epoll := newFaulty(t, f, 0)
			expect(t, q, epoll, 0, 0)
			if len(q.registrations) != 0 {
				t.Errorf("%v: the registration was not removed", errno)
			}
		}
	}
}

// TestChangeThatFailsChangesNothing makes a change fail in its last step.
func TestChangeThatFailsChangesNothing(t *testing.T) {
	q, epoll := newFaulty(t, &faulty{enableFails: []syscall.Errno{unix.ENOMEM}}, 0)
	r := q.registrations[key{1, kevent.FilterUser}]
	before := *r
	disable := kevent.Event{Ident: 1, Filter: kevent.FilterUser, Flags: kevent.Disable, Udata: 8, Fflags: 1, Data: 2}
	if errno := q.modify(epoll, r, disable); errno != unix.ENOMEM {
		t.Fatal(errno)
	}
	if r.udata != before.udata || r.disabled || r.fflags != before.fflags || r.data != before.data || r.flags != before.flags {
		t.Errorf("the registration is now %+v", r)
	}
	expect(t, q, epoll, 1, 0)
}

// TestDeletionThatFailsDeletes makes the epoll keep an entry without a registration.
func TestDeletionThatFailsDeletes(t *testing.T) {
	q, epoll := newFaulty(t, &faulty{detachFails: []syscall.Errno{unix.ENOMEM}}, 0)
	if errno := q.Change(epoll, kevent.Event{Ident: 1, Filter: kevent.FilterUser, Flags: kevent.Delete}); errno != 0 {
		t.Error(errno)
	}
	if errno := q.Change(epoll, kevent.Event{Ident: 1, Filter: kevent.FilterUser, Flags: kevent.Delete}); errno != unix.ENOENT {
		t.Error(errno)
	}
	expect(t, q, epoll, 0, 0)
}
