package backend

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iomux/internal/epollemu"
	"iomux/internal/test/suite"
)

// soon is longer than any correct wait.
const soon = 20 * time.Second

// open returns a backend and closes it at the end of the test, unless the test has.
func open(t *testing.T, create func() (Backend, error)) Backend {
	t.Helper()
	b, err := create()
	must(t, err)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func openEpoll(t *testing.T, blocking bool) *epollBackend {
	t.Helper()
	return open(t, func() (Backend, error) { return NewEpoll(blocking) }).(*epollBackend)
}

// listBackends opens the backends whose system call takes a list of descriptors, with their wakers.
func listBackends(t *testing.T) map[string]wakerBackend {
	t.Helper()
	lists, sets := open(t, NewPoll).(*pollBackend), open(t, NewSelect).(*selectBackend)
	devices := open(t, NewDevPoll).(*pollBackend)
	return map[string]wakerBackend{"poll": {lists, lists.waker}, "select": {sets, sets.waker}, "devpoll": {devices, devices.waker}}
}

type wakerBackend struct {
	Backend
	waker wakeDescriptor
}

// loseWaker closes the waker's descriptor, as a program with a bug may do.
func loseWaker(t *testing.T, w wakeDescriptor) {
	t.Helper()
	must(t, unix.Close(w.fd))
	t.Cleanup(func() { _ = w.Close() }) // fails now, and must not close another file later
}

// asleepFor is asleep for a real backend. It returns a moment after MaySleep, when the sleep has
// begun.
func asleepFor(b Backend) <-chan error {
	done := asleep(b)
	time.Sleep(20 * time.Millisecond)
	return done
}

// expectEnd waits for the end of a sleep, which may fail.
func expectEnd(t *testing.T, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		if err != nil && !errors.Is(err, os.ErrClosed) && !errors.Is(err, syscall.EBADF) {
			t.Errorf("Sleep: %v", err)
		}
	case <-time.After(soon):
		t.Fatal("the sleep did not end")
	}
}

func TestCloseEndsASleepThatHasLostItsWaker(t *testing.T) {
	kqueue := open(t, NewKqueue).(*kqueueBackend)
	parked, blocking := openEpoll(t, false), openEpoll(t, true)
	for name, b := range map[string]wakerBackend{
		"epoll, parked": {parked, parked.waker}, "epoll, blocking": {blocking, blocking.waker},
		"kqueue": {kqueue, kqueue.waker},
	} {
		t.Run(name, func(t *testing.T) {
			done := asleepFor(b)
			loseWaker(t, b.waker)
			_ = b.Close() // reports the lost descriptor
			expectEnd(t, done)
		})
	}
}

func TestCloseEndsASleepWhoseWakerHasBecomeAnotherFile(t *testing.T) {
	b := openEpoll(t, true)
	done := asleepFor(b)
	_, w := suite.Pipe(t)
	must(t, unix.Dup3(w, b.waker.fd, unix.O_CLOEXEC))
	_ = b.Close()
	expectEnd(t, done)
}

// Close cannot interrupt a call whose list holds a lost waker. The call ends with its timeout.
func TestSleepThatLosesItsWakerEndsWithItsTimeout(t *testing.T) {
	for name, b := range listBackends(t) {
		t.Run(name, func(t *testing.T) {
			done := make(chan error)
			go func() { done <- b.Sleep(oneEvent(), 50*time.Millisecond, always(true)) }()
			time.Sleep(10 * time.Millisecond)
			loseWaker(t, b.waker)
			_ = b.Close() // reports the lost descriptor
			expectEnd(t, done)
		})
	}
}

func TestSleepWithoutAWakerIsAnError(t *testing.T) {
	for name, b := range listBackends(t) {
		t.Run(name, func(t *testing.T) {
			loseWaker(t, b.waker)
			if err := b.Sleep(oneEvent(), soon, always(true)); !errors.Is(err, syscall.EBADF) {
				t.Errorf("Sleep: %v, want EBADF", err)
			}
		})
	}
}

// A child process first calls NewKqueue and HasUrgent at the descriptor limit.
func TestPriorityIsSupportedAfterTheDescriptorLimit(t *testing.T) {
	if suite.Part() == "" {
		if output, err := suite.Child(t, "limit"); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	leave := suite.LimitReached(t)
	if _, err := NewKqueue(); !errors.Is(err, syscall.EMFILE) || epollemu.HasUrgent() {
		t.Errorf("at the limit NewKqueue: %v, HasUrgent: %v", err, epollemu.HasUrgent())
	}
	leave()
	if b := open(t, NewKqueue); !b.Supports(Priority) {
		t.Error("Priority is not supported after the limit was left")
	}
}

func TestParkingComesBackAfterTheDescriptorLimit(t *testing.T) {
	b := openEpoll(t, false)
	leave := suite.LimitReached(t)
	must(t, b.Sleep(oneEvent(), precise, always(true)))
	if b.parker.Load() != nil {
		t.Fatal("there is a parker at the descriptor limit")
	}
	if left := time.Until(b.retry); left <= 0 || left > 2*time.Second {
		t.Errorf("parking is tried again after %v, want about a second", left)
	}
	leave()
	b.retry = time.Now() // allows the next try
	must(t, b.Sleep(oneEvent(), precise, always(true)))
	if b.parker.Load() == nil {
		t.Error("the backend does not park again")
	}
}

// A descriptor that Add refuses does not end parking.
func TestParkingComesBackAfterARefusedDescriptor(t *testing.T) {
	b := openEpoll(t, false)
	parks := func() bool {
		must(t, b.Sleep(oneEvent(), precise, always(true)))
		return b.parker.Load() != nil
	}
	if !parks() {
		t.Fatal("the backend does not park")
	}
	outer, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	must(t, err)
	suite.CloseAtEnd(t, outer)
	must(t, unix.EpollCtl(outer, unix.EPOLL_CTL_ADD, b.fd, new(unix.EpollEvent)))
	for name, fd := range map[string]int{
		"an epoll that contains this one": outer,
		"a duplicate of this epoll":       suite.High(t, b.fd, 100),
		"a regular file":                  suite.File(t),
		"a closed number":                 suite.ClosedFD(t),
	} {
		if err := b.Add(fd, Readable, 1); err == nil {
			t.Fatalf("Add accepts %s", name)
		}
		if !parks() {
			t.Errorf("after Add of %s the backend does not park", name)
		}
	}
}

// A saturated loop closes the parker, unless another goroutine is parked. The next sleep parks
// again.
func TestParkingComesBackAfterASaturatedLoop(t *testing.T) {
	b := openEpoll(t, false)
	parked := func() { must(t, b.Sleep(oneEvent(), precise, always(true))) }
	parked()
	fds := pipes(t, b, 1)
	look := func() {
		for range saturated {
			must(t, b.Look(oneEvent()))
		}
	}
	b.parked.asleep.Store(true)
	look()
	if b.parker.Load() == nil {
		t.Error("the parker was closed during a sleep")
	}
	b.parked.asleep.Store(false)
	look()
	if b.parker.Load() != nil {
		t.Error("the parker of a saturated loop is open")
	}
	if !b.Remove(fds[0], Readable) {
		t.Fatal("Remove failed")
	}
	parked()
	if b.parker.Load() == nil {
		t.Error("the backend does not park again")
	}
	must(t, b.Look(oneEvent()))
	if b.foundInRow != 0 {
		t.Errorf("%d Looks in a row found something, want 0", b.foundInRow)
	}
}

func TestOwnDescriptorsAreNotOpenToTheProgram(t *testing.T) {
	b := openEpoll(t, false)
	// The parker's duplicate will get this number.
	parker, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	must(t, err)
	must(t, unix.Close(parker))
	must(t, b.Sleep(oneEvent(), precise, always(true)))
	for name, fd := range map[string]int{"epoll": b.fd, "waker": b.waker.fd, "parker": parker} {
		if err := b.Add(fd, Readable, 7); !errors.Is(err, syscall.EBADF) {
			t.Errorf("Add of the %s: %v, want EBADF", name, err)
		}
	}
	must(t, b.Sleep(oneEvent(), precise, always(true)))
	if b.parker.Load() == nil || b.forbidden.Load() != 0 {
		t.Error("the backend no longer parks")
	}
}

// pipes registers n readable pipes. Their numbers are the tags.
func pipes(t *testing.T, b Backend, n int) (fds []int) {
	t.Helper()
	for range n {
		r, w := suite.Pipe(t)
		suite.Write(t, w)
		must(t, b.Add(r, Readable, uint32(r)))
		fds = append(fds, r)
	}
	return fds
}

// renewAll renews b with every descriptor, and returns the tags that the registrations have
// afterwards.
func renewAll(b Renewer, fds []int) (tags map[int]uint32, err error) {
	tags = make(map[int]uint32)
	err = b.Renew(func(move Move) {
		for _, fd := range fds {
			tags[fd] = uint32(fd)
			fresh := uint32(fd + 1000)
			if moved := move(fd, Readable, fresh); moved == MovedOver || moved == Kept {
				tags[fd] = fresh
			} else if moved == Replaced {
				tags[fd] = 0
			}
		}
	})
	return tags, err
}

func expectAll(t *testing.T, b Backend, tags map[int]uint32) {
	t.Helper()
	batch := new(Batch)
	batch.MakeRoom(maxBatch)
	must(t, b.Look(batch))
	if batch.N != len(tags) {
		t.Errorf("%d of %d registrations are reported", batch.N, len(tags))
	}
	for _, event := range batch.Events[:batch.N] {
		if event.Tag != tags[int(event.FD)] {
			t.Errorf("descriptor %d has tag %d, want %d", event.FD, event.Tag, tags[int(event.FD)])
		}
	}
}

func TestRenewAtTheDescriptorLimitKeepsEveryRegistration(t *testing.T) {
	b := openEpoll(t, false)
	fds := pipes(t, b, 50)
	leave := suite.LimitReached(t)
	tags := make(map[int]uint32)
	for _, fd := range fds {
		tags[fd] = uint32(fd)
	}
	if _, err := renewAll(b, fds); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("Renew: %v, want EMFILE", err)
	}
	expectAll(t, b, tags)
	leave()
	tags, err := renewAll(b, fds)
	must(t, err)
	expectAll(t, b, tags)
}

// failures holds the ways in which a call of Renew can fail. A filter of system calls takes the
// place of the limit of watches, which all processes share.
var failures = map[string]struct {
	errno unix.Errno
	op    uint32
}{
	"ENOSPC of an addition":  {unix.ENOSPC, unix.EPOLL_CTL_ADD},
	"ENOMEM of an addition":  {unix.ENOMEM, unix.EPOLL_CTL_ADD},
	"ENOMEM of a comparison": {unix.ENOMEM, unix.EPOLL_CTL_MOD},
}

func TestRenewThatFailsKeepsEveryRegistration(t *testing.T) {
	failure, inChild := failures[suite.Part()]
	if !inChild {
		if name := suite.Emulator(); name != "" {
			t.Skip(name, "takes no filters of system calls")
		}
		for part := range failures {
			if output, err := suite.Child(t, part); err != nil {
				t.Errorf("%s: %v\n%s", part, err, output)
			}
		}
		return
	}
	b := openEpoll(t, false)
	fds := pipes(t, b, 50)
	suite.ForbidArguments(t, failure.errno, unix.SYS_EPOLL_CTL, map[int]uint32{1: failure.op, 2: uint32(fds[25])})
	tags, err := renewAll(b, fds)
	if !errors.Is(err, failure.errno) {
		t.Errorf("Renew: %v, want %v", err, failure.errno)
	}
	expectAll(t, b, tags)
	expectAll(t, b, tags) // level-triggered, so reported again
}
