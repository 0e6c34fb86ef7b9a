//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"iomux"
)

type (
	poller       = iomux.Poller[string]
	registration = iomux.Registration[string]
)

// pollers maps the name of each kind of Poller to its options.
var pollers = map[string][]iomux.Option{
	"Poller/parked": nil, "Poller/blocking": {iomux.WithBlocking()},
	"Poller/kqueue":  {iomux.WithMechanism(iomux.Kqueue)},
	"Poller/devpoll": {iomux.WithMechanism(iomux.DevPoll)},
	"Poller/poll":    {iomux.WithMechanism(iomux.Poll)},
	"Poller/select":  {iomux.WithMechanism(iomux.Select)},
}

// objects returns the names of all objects.
func objects() []string {
	return append(slices.Sorted(maps.Keys(pollers)), slices.Sorted(maps.Keys(mechanisms))...)
}

// watched is the name of a file in the folder of the process.
const watched = "watched"

const (
	rounds = 2
	soon   = 8 * time.Second
)

// fixture holds what is created before a scenario begins, so that no fault affects its creation.
type fixture struct{ r, w int } // a pipe

// children are child processes that run until kill ends them.
var children []child

type child struct {
	process *os.Process
	end     io.Closer
}

// kill closes the standard input of the process, which ends it. A second call does nothing.
func (c child) kill() error {
	if err := c.end.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// runScenario runs the scenario of an object several times. It exits with status 1 if the object
// fails.
func runScenario(name string) {
	if name == "sleeper" {
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	w := newFixture(name)
	descriptors, goroutines := count(), runtime.NumGoroutine()
	os.Stdout.WriteString("r")
	for buffer := make([]byte, 1); ; { // a fault can affect this call, too
		if n, err := unix.Read(0, buffer); n == 0 && err == nil {
			break
		}
	}
	time.AfterFunc(3*soon, func() {
		stacks := make([]byte, 1<<16)
		fail("the scenario hangs\n%s", stacks[:runtime.Stack(stacks, true)])
	})
	for i := range rounds {
		if opts, ok := pollers[name]; ok {
			runPoller(w, i, opts)
		} else {
			runMechanism(w, mechanisms[name])
		}
	}
	for start := time.Now(); count() > descriptors || runtime.NumGoroutine() > goroutines; time.Sleep(time.Millisecond) {
		if time.Since(start) > 2*time.Second {
			fail("%d descriptors and %d goroutines are left of %d and %d", count(), runtime.NumGoroutine(), descriptors, goroutines)
		}
		runtime.GC()
	}
}

func newFixture(name string) *fixture {
	w := new(fixture)
	var ends [2]int
	must(unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK))
	w.r, w.w = ends[0], ends[1]
	must(os.WriteFile(watched, nil, 0o600))
	// By default, Yama allows only ancestors to attach. The call fails without Yama.
	_ = unix.Prctl(unix.PR_SET_PTRACER, unix.PR_SET_PTRACER_ANY, 0, 0, 0)
	exits := rounds
	if name == "kqueue, process" {
		exits = 4 * rounds
	}
	for range exits {
		sleeper := exec.Command("/proc/self/exe", "-scenario", "sleeper")
		end, err := sleeper.StdinPipe()
		must(err)
		must(sleeper.Start())
		children = append(children, child{sleeper.Process, end})
	}
	signals := make(chan os.Signal, 1) // the first Notify starts a goroutine that stays
	signal.Notify(signals, syscall.SIGUSR2)
	must(syscall.Kill(os.Getpid(), syscall.SIGUSR2))
	<-signals
	return w
}

// count returns the number of open descriptors.
func count() (n int) {
	for fd := range 256 {
		var stat unix.Stat_t
		if unix.Fstat(fd, &stat) != unix.EBADF {
			n++
		}
	}
	return n
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func must(err error) {
	if err != nil {
		_, _, line, _ := runtime.Caller(1)
		fail("line %d: %v", line, err)
	}
}

// persist calls an operation up to ten times, because a fault may make it fail. It ends the process
// if all calls fail, or one reports os.ErrClosed.
func persist(what string, operation func() error) {
	var err error
	for range 10 {
		if err = operation(); err == nil {
			return
		}
		if errors.Is(err, os.ErrClosed) {
			break
		}
	}
	fail("%s keeps failing: %v", what, err)
}

func (w *fixture) write() {
	persist("write to the pipe", func() error {
		_, err := unix.Write(w.w, []byte{1})
		return err
	})
}

// writeLater writes to the pipe after 3 ms. The returned function waits for the write.
func (w *fixture) writeLater() (wait func()) {
	done := make(chan struct{})
	time.AfterFunc(3*time.Millisecond, func() {
		w.write()
		close(done)
	})
	return func() { <-done }
}

func (w *fixture) drain() {
	persist("read from the pipe", func() error {
		_, err := unix.Read(w.r, make([]byte, 8))
		return err
	})
}

// await waits until r is reported. A wait may fail once for each thread that a fault affects.
func await(p *poller, r *registration, timeout time.Duration) {
	events := make([]iomux.Event[string], 8)
	for start, failures := time.Now(), 0; time.Since(start) < soon; {
		n, err := p.WaitTimeout(events, timeout)
		if err != nil {
			if failures++; failures > 10 {
				fail("wait keeps failing: %v", err)
			}
		}
		for _, event := range events[:n] {
			if event.Registration == r {
				return
			}
		}
	}
	fail("the event of the %s is lost", r.Key())
}

// registering registers a source of p with the key.
type registering func(p *poller, key string) (*registration, error)

func register(p *poller, key string, call registering) (r *registration) {
	persist("register the "+key, func() (err error) {
		r, err = call(p, key)
		return err
	})
	return r
}

// runPoller runs one scenario of a Poller.
func runPoller(w *fixture, i int, opts []iomux.Option) {
	var p *poller
	persist("New", func() (err error) {
		p, err = iomux.New[string](opts...)
		return err
	})
	pipe, writer := watchPipe(w, p)
	timer := register(p, "timer", func(p *poller, key string) (*registration, error) {
		return p.RegisterTimer(3*time.Millisecond, key)
	})
	await(p, timer, soon)
	received := register(p, "signal", func(p *poller, key string) (*registration, error) {
		return p.RegisterSignal(syscall.SIGUSR1, key)
	})
	must(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	await(p, received, soon)
	process := register(p, "process", func(p *poller, key string) (*registration, error) {
		return p.RegisterProcess(children[i].process, key)
	})
	must(children[i].kill())
	await(p, process, soon)
	watchPath(p)
	endPoller(w, p, pipe, writer, timer, received)
}

// watchPipe awaits events of both ends of the pipe.
func watchPipe(w *fixture, p *poller) (pipe, writer *registration) {
	pipe = register(p, "pipe", func(p *poller, key string) (*registration, error) {
		return p.RegisterFD(w.r, iomux.Readable, key)
	})
	for _, timeout := range []time.Duration{time.Millisecond, soon} { // around the write
		written := w.writeLater()
		await(p, pipe, timeout)
		written()
		w.drain()
	}
	writer = register(p, "writer", func(p *poller, key string) (*registration, error) {
		return p.RegisterFD(w.w, iomux.Readable, key)
	})
	for _, interest := range []iomux.Interest{iomux.Writable, iomux.Writable | iomux.OneShot, iomux.Writable | iomux.OneShot} {
		persist("Modify", func() error { return writer.Modify(interest) })
		await(p, writer, soon)
	}
	return pipe, writer
}

// watchPath awaits an event of the watched file.
func watchPath(p *poller) {
	path := register(p, "path", func(p *poller, key string) (*registration, error) {
		return p.RegisterPath(watched, key)
	})
	later := time.AfterFunc(3*time.Millisecond, func() {
		persist("write to the file", func() error { return os.WriteFile(watched, []byte("x"), 0o600) })
	})
	await(p, path, soon)
	later.Stop()
	persist("Unregister of the path", path.Unregister) // the write may cause more events
}

// interruption interrupts a wait of a Poller. The wait must then return no event, and an error for
// which done is true.
type interruption struct {
	what      string
	interrupt func() error
	done      func(err error) bool
}

// check waits with ctx until the interruption ends the wait.
func (i interruption) check(ctx context.Context, p *poller) {
	var begun atomic.Bool
	later := time.AfterFunc(3*time.Millisecond, func() {
		begun.Store(true)
		persist(i.what, i.interrupt)
	})
	defer later.Stop()
	events := make([]iomux.Event[string], 8)
	for range 10 {
		n, err := p.Wait(ctx, events)
		if n == 0 && begun.Load() && i.done(err) {
			return
		}
		if n > 0 {
			fail("%s: events %+v", i.what, events[:n])
		}
	}
	fail("%s does not interrupt the wait", i.what)
}

// endPoller interrupts waits of p, ends its registrations, and closes it during a wait.
func endPoller(w *fixture, p *poller, registrations ...*registration) {
	ctx, cancel := context.WithCancel(context.Background())
	interruption{"cancel", func() error { cancel(); return nil }, func(err error) bool { return errors.Is(err, context.Canceled) }}.check(ctx, p)
	// Any error is accepted, because a fault may end the wait, too.
	interruption{"Wake", p.Wake, func(error) bool { return true }}.check(context.Background(), p)
	for _, r := range registrations {
		if err := r.Unregister(); err != nil && !errors.Is(err, iomux.ErrNotRegistered) {
			persist("Unregister of the "+r.Key(), r.Unregister)
		}
	}
	w.write()
	events := make([]iomux.Event[string], 8)
	if n, _ := p.WaitTimeout(events, 3*time.Millisecond); n > 0 {
		fail("after Unregister: %+v", events[:n])
	}
	w.drain()
	if n := p.Len(); n > 1 { // the process may still be registered
		fail("%d registrations are left", n)
	}
	closing := func() error {
		_ = p.Close() // a descriptor may fail to close
		return nil
	}
	interruption{"Close", closing, func(err error) bool { return errors.Is(err, os.ErrClosed) }}.check(context.Background(), p)
}
