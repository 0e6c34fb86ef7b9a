package iomux_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/sys"
	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
)

// Waits and changes of registrations do not allocate.
func TestNothingIsAllocated(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, w := suite.Pipe(t)
		r := register(t, p, fd, iomux.Readable)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		events := make([]iomux.Event[int], 8)
		one := make([]byte, 1)
		wait := map[string]func(){
			"WaitTimeout, none":      func() { _, _ = p.WaitTimeout(events, 0) },
			"WaitTimeout, after 1ms": func() { _, _ = p.WaitTimeout(events, time.Millisecond) },
			"WaitTimeout, after 3ms": func() { _, _ = p.WaitTimeout(events, 3*time.Millisecond) },
			"Modify":                 func() { _ = r.Modify(iomux.Readable) },
			"Wake":                   func() { _ = p.Wake(); _, _ = p.WaitTimeout(events, soon) },
			"WaitTimeout, one": func() {
				_, _ = unix.Write(w, one)
				_, _ = p.WaitTimeout(events, soon)
				_, _ = unix.Read(fd, one)
			},
			"Wait with Background": func() {
				_, _ = unix.Write(w, one)
				_, _ = p.Wait(context.Background(), events)
				_, _ = unix.Read(fd, one)
			},
			"Wait with the same context": func() {
				_, _ = unix.Write(w, one)
				_, _ = p.Wait(ctx, events)
				_, _ = unix.Read(fd, one)
			},
		}
		for name, f := range wait {
			if n := testing.AllocsPerRun(20, f); n != 0 && !raceEnabled {
				t.Errorf("%s allocates %v times", name, n)
			}
		}
	})
}

// Unregister does not allocate, whether the source is open or closed.
func TestUnregisterDoesNotAllocate(t *testing.T) {
	const runs = 20
	fates := map[string]func(t *testing.T, p *iomux.Poller[int], r *iomux.Registration[int], fd, w int){
		"open":   func(*testing.T, *iomux.Poller[int], *iomux.Registration[int], int, int) {},
		"closed": func(t *testing.T, _ *iomux.Poller[int], _ *iomux.Registration[int], fd, _ int) { suite.Close(t, fd) },
		"replaced": func(t *testing.T, _ *iomux.Poller[int], _ *iomux.Registration[int], fd, w int) {
			must(t, unix.Dup3(w, fd, unix.O_CLOEXEC))
		},
		"reported": func(t *testing.T, p *iomux.Poller[int], r *iomux.Registration[int], _, w int) {
			must(t, r.Modify(iomux.Readable|iomux.OneShot))
			suite.Write(t, w)
			expect(t, p, r, iomux.Readable)
		},
	}
	for name, befall := range fates {
		t.Run(name, func(t *testing.T) {
			inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
				var registrations []*iomux.Registration[int]
				var fds [runs + 1][2]int
				// Open all of them first, so that no closed number is reused.
				for i := range fds {
					fds[i][0], fds[i][1] = suite.Pipe(t)
				}
				for _, pipe := range fds {
					r := register(t, p, pipe[0], iomux.Readable)
					registrations = append(registrations, r)
					befall(t, p, r, pipe[0], pipe[1])
				}
				next := 0
				if n := testing.AllocsPerRun(runs, func() {
					must(t, registrations[next].Unregister())
					next++
				}); n != 0 && !raceEnabled {
					t.Errorf("Unregister allocates %v times", n)
				}
			})
		})
	}
}

// A Wait that sleeps does not allocate if it gets the same context again. With a new context it
// allocates little more than the channel of the context.
func TestSleepingWithAContextAllocatesLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		same, cancel := context.WithCancel(context.Background())
		defer cancel()
		if n := sleepAllocations(t, p, func() (context.Context, func()) { return same, func() {} }); n >= 1 {
			t.Errorf("a wait with the same context allocates %v times", n)
		}
		renew := func() (context.Context, func()) { return context.WithCancel(context.Background()) }
		made := testing.AllocsPerRun(50, func() { _, cancel := renew(); cancel() })
		if n := sleepAllocations(t, p, renew) - made; n > 2 {
			t.Errorf("a wait with a new context allocates %v times", n)
		}
	})
}

// sleepAllocations counts the allocations of a wait that sleeps, including those of its context.
func sleepAllocations(t *testing.T, p *iomux.Poller[int], renew func() (context.Context, func())) float64 {
	t.Helper()
	there, write := suite.Pipe(t)
	r := register(t, p, there, iomux.Readable)
	ping := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range ping {
			time.Sleep(200 * time.Microsecond)
			_, _ = unix.Write(write, []byte{1})
		}
	}()
	events, one := make([]iomux.Event[int], 8), make([]byte, 1)
	n := testing.AllocsPerRun(50, func() {
		ctx, cancel := renew()
		ping <- struct{}{}
		_, _ = p.Wait(ctx, events)
		_, _ = unix.Read(there, one)
		cancel()
	})
	close(ping)
	<-done
	must(t, r.Unregister())
	return n
}

// Polling mountinfo consumes its change. The change is not lost, although the Go runtime polls the
// epoll of a parked goroutine.
func TestPriorityOfMountinfo(t *testing.T) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		t.Skip("no /proc:", err)
	}
	defer func() { must(t, file.Close()) }()
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		if !p.Supports(iomux.Priority) {
			t.Skip("this mechanism has no Priority")
		}
		if p.Mechanism() == iomux.Kqueue {
			t.Skip("a kqueue has no filter for changes of such a file")
		}
		expectNothing(t, p) // parks
		r, err := p.Register(file, iomux.Priority, 1)
		must(t, err)
		fd, w := suite.Pipe(t)
		pipe := register(t, p, fd, iomux.Readable)
		time.AfterFunc(quiet, func() { _, _ = unix.Write(w, []byte{1}) })
		expect(t, p, pipe, iomux.Readable)
		must(t, r.Unregister())
		expect(t, p, pipe, iomux.Readable)
	})
}

var busy atomic.Int64

// Polling a pressure-stall trigger consumes its event, which is not lost either.
func TestPriorityOfPressureStall(t *testing.T) {
	const path = "/proc/pressure/cpu"
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		_, err = file.WriteString("some 500 2000000\x00")
	}
	if err != nil {
		t.Skip("no pressure-stall triggers:", err)
	}
	defer func() { must(t, file.Close()) }()
	p := poller(t, nil)
	expectNothing(t, p) // parks
	r := register(t, p, file, iomux.Priority)
	var stop atomic.Bool
	defer stop.Store(true)
	for range 8 { // more goroutines than processors, so they wait for each other
		go func() {
			for !stop.Load() {
				busy.Add(1)
			}
		}()
	}
	var events [1]iomux.Event[int]
	n, err := p.WaitTimeout(events[:], 10*time.Second)
	must(t, err)
	if n == 0 {
		t.Skip("no pressure within ten seconds")
	}
	if events[0].Registration != r || events[0].Ready&iomux.Priority == 0 {
		t.Errorf("event is %+v", events[0])
	}
}

// A message queue is a regular file with a poll function, and O_PATH opens a file without one.
// Register refuses both if the mechanism cannot wait for them.
func TestFilesThatAreNotWhatTheySeem(t *testing.T) {
	name, err := unix.BytePtrFromString("iomux-" + strconv.Itoa(os.Getpid()))
	must(t, err)
	number, _, errno := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(name)), unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600, 0, 0, 0)
	if errno != 0 {
		t.Skip("mq_open:", errno)
	}
	queue := int(number)
	suite.CloseAtEnd(t, queue)
	_, _, _ = unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(name)), 0, 0)
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	var paths []int
	for _, name := range []string{"/", "/dev/null", file} {
		path, err := unix.Open(name, unix.O_PATH|unix.O_CLOEXEC, 0)
		must(t, err)
		suite.CloseAtEnd(t, path)
		paths = append(paths, path)
	}
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		if r, err := p.RegisterFD(queue, iomux.Readable|iomux.Writable, 0); err == nil {
			expect(t, p, r, iomux.Writable)
			must(t, r.Modify(iomux.Readable))
			expectNothing(t, p)
		} else {
			isErr(t, err, iomux.ErrNotPollable)
		}
		for _, path := range paths {
			_, err := p.RegisterFD(path, iomux.Readable, 0)
			if p.Mechanism() != iomux.EventPort { // the model does not know such files
				isErr(t, err, iomux.ErrNotPollable)
			}
		}
	})
}

// An epoll that is inside another one, as that of a parked goroutine is, holds at most 500
// duplicates of a file.
func TestManyDuplicates(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		if !p.Supports(iomux.Priority) {
			t.Skip("this mechanism has no Priority")
		}
		expectNothing(t, p) // parks
		r, w := suite.Pipe(t)
		for range 600 {
			register(t, p, suite.High(t, r, 300), iomux.Readable)
		}
		expectNothing(t, p)
		suite.Write(t, w)
		events := make([]iomux.Event[int], 1000)
		if n, err := p.WaitTimeout(events, soon); n != 600 || err != nil {
			t.Errorf("%d events, %v", n, err)
		}
	})
}

// While a goroutine is parked, an epoll accepts at most 500 duplicates of one file. Goroutines that
// exceed this together all succeed.
func TestManyDuplicatesSideBySide(t *testing.T) {
	p := poller(t, nil)
	r, _ := suite.Pipe(t)
	for range 500 {
		register(t, p, suite.High(t, r, 300), iomux.Readable)
	}
	var fds [8]int
	for i := range fds {
		fds[i] = suite.High(t, r, 300)
	}
	for range 100 {
		// This parks.
		if n, err := p.WaitTimeout(make([]iomux.Event[int], 1), 3*time.Millisecond); n != 0 || err != nil {
			t.Fatalf("%d events, %v", n, err)
		}
		var together sync.WaitGroup
		var registered [len(fds)]*iomux.Registration[int]
		start := make(chan struct{})
		for i, fd := range fds {
			together.Go(func() {
				<-start
				var err error
				if registered[i], err = p.RegisterFD(fd, iomux.Readable, 0); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		together.Wait()
		if t.Failed() {
			return
		}
		for _, r := range registered {
			must(t, r.Unregister())
		}
	}
}

// Each write to an eventfd is an edge, even if it was not read before.
func TestEventfdEdges(t *testing.T) {
	p := poller(t, nil)
	if !p.Supports(iomux.Edge) {
		t.Skip("this mechanism has no edge-triggered mode")
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	must(t, err)
	leak.Opened(fd)
	suite.CloseAtEnd(t, fd)
	r := register(t, p, fd, iomux.Readable|iomux.Edge)
	for range 3 {
		_, err := unix.Write(fd, []byte("\x01\x01\x01\x01\x01\x01\x01\x01"))
		must(t, err)
		expect(t, p, r, iomux.Readable)
		expectNothing(t, p)
	}
}

// Idle pollers hold no threads.
func TestIdlePollersHoldNoThreads(t *testing.T) {
	if leak.FewDescriptors() {
		t.Skip("this process may have fewer than 1024 descriptors")
	}
	const pollers = 100
	before := threads(t) // the runtime keeps threads of earlier tests
	done := make(chan error, pollers)
	var all []*iomux.Poller[int]
	for range pollers {
		p := poller(t, nil)
		all = append(all, p)
		go func() {
			var events [1]iomux.Event[int]
			_, err := p.Wait(context.Background(), events[:])
			done <- err
		}()
	}
	time.Sleep(5 * quiet)
	if n := threads(t) - before; n > pollers/2 {
		t.Errorf("%d waiting pollers use %d threads", pollers, n)
	}
	for _, p := range all {
		must(t, p.Close())
		isErr(t, <-done, os.ErrClosed)
	}
}

func threads(t testing.TB) (n int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no /proc:", err)
	}
	must(t, err)
	for line := range strings.Lines(string(status)) {
		if count, found := strings.CutPrefix(line, "Threads:"); found {
			for _, digit := range strings.TrimSpace(count) {
				n = n*10 + int(digit-'0')
			}
		}
	}
	return n
}

// Kernels before 5.11 and some sandboxes have no epoll_pwait2.
func TestSuiteWithMilliseconds(t *testing.T) {
	before := sys.CoarseEpoll(true)
	t.Cleanup(func() { sys.CoarseEpoll(before) })
	m := mechanism(t, nil)
	m.Brief = true
	suite.Run(t, m)
}
