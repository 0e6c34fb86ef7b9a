package iomux

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"iomux/internal/procwatch"
	"iomux/internal/sys"
	"iomux/internal/timerheap"
)

// RegisterSignal reports a signal of this process, as signal.Notify does. The signal then no longer
// has its default effect. Signals that arrive before they are reported become one event.
//
// A goroutine waits for the signal. The Go runtime sends SIGURG to its own threads, so a
// registration of SIGURG reports those as well, many times a second.
//
// Errors: EINVAL for nil, and for a signal that cannot be caught, such as os.Kill; os.ErrClosed.
func (p *Poller[K]) RegisterSignal(sig os.Signal, key K) (*Registration[K], error) {
	number, ok := sig.(syscall.Signal)
	if !ok || !sys.CanCatch(number) {
		return nil, fmt.Errorf("iomux: register signal %v: it cannot be caught: %w", sig, os.NewSyscallError("signal", syscall.EINVAL))
	}
	caught := &caughtSignal{arrived: make(chan os.Signal, 1), quit: make(chan struct{})}
	r := &Registration[K]{poller: p, key: key, kind: KindSignal, source: &source{value: caught}}
	err := p.addSource(r, func() error {
		signal.Notify(caught.arrived, sig)
		go caught.forward(func() { p.post(r, int(number)) })
		return nil
	})
	return r.begun(err)
}

// caughtSignal is a signal that is reported.
type caughtSignal struct {
	arrived chan os.Signal
	quit    chan struct{}
}

// forward calls arrived for each signal, until quit is closed.
func (c *caughtSignal) forward(arrived func()) {
	for {
		select {
		case <-c.arrived:
			arrived()
		case <-c.quit:
			return
		}
	}
}

// RegisterProcess reports the exit of a process, a child or any other (os.FindProcess). The event
// ends the registration: Len no longer counts it, and its descriptor is closed. The process is not
// reaped; its parent calls Wait, before or after.
//
// Event.ExitStatus returns the status if the kernel reports it. Linux does so to the parent; to
// others it does after the parent has reaped its child, since version 6.15.
//
// The process takes a descriptor on Linux, macOS and the BSDs, and a thread on Windows. On Solaris
// and illumos, and on Linux before 5.4 or in a sandbox without pidfd_open(2), a goroutine asks for
// it up to ten times a second.
//
// Errors: EINVAL for nil; os.ErrProcessDone if the process was waited for; EMFILE; os.ErrClosed;
// errors.ErrUnsupported on AIX, where only reaping a child shows its exit.
func (p *Poller[K]) RegisterProcess(process *os.Process, key K) (*Registration[K], error) {
	return p.registerProcess(process, key, procwatch.Watch)
}

func (p *Poller[K]) registerProcess(process *os.Process, key K, watch func(*os.Process, func()) (*procwatch.Exit, error)) (*Registration[K], error) {
	r := &Registration[K]{poller: p, key: key, kind: KindProcess, interest: Readable, source: &source{}}
	err := p.addSource(r, func() error {
		exit, err := watch(process, func() { p.postExit(r) })
		if err != nil {
			return fmt.Errorf("iomux: register process: %w", err)
		}
		r.source.value = exit
		if fd := exit.FD(); fd >= 0 {
			if err := p.addToTable(r, fd); err != nil {
				_ = exit.Close() // the first error says more
				return fmt.Errorf("iomux: register process: %w", err)
			}
		}
		return nil
	})
	return r.begun(err)
}

// begun returns the result of registering a source.
func (r *Registration[K]) begun(err error) (*Registration[K], error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// postExit makes the event of a process without a descriptor, and ends its registration.
func (p *Poller[K]) postExit(r *Registration[K]) {
	p.mu.Lock()
	if r.live {
		p.postLocked(r, r.takeExit())
	}
	p.mu.Unlock()
	p.backend.Wake()
}

// takeExit returns how a process has exited.
func (r *Registration[K]) takeExit() (status int) {
	status, known := r.source.value.(*procwatch.Exit).Status()
	if !known {
		return StatusUnknown
	}
	return status
}

// addSource adds r, whose descriptor, if it has one, is the Poller's. begin makes the source, with
// the lock held: what happens to the source then waits until it is registered.
func (p *Poller[K]) addSource(r *Registration[K], begin func() error) error {
	if p.backend == nil {
		return errClosed
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isClosed.Load() {
		return errClosed
	}
	r.fd, r.tag = -1, p.nextTag()
	if err := begin(); err != nil {
		return err
	}
	p.enlist(r)
	if r.kind != KindTimer {
		if p.sources == nil {
			p.sources = make(map[*Registration[K]]struct{})
		}
		p.sources[r] = struct{}{}
	}
	return nil
}

// stop ends the source of a registration that is not a descriptor's.
func (p *Poller[K]) stop(r *Registration[K]) {
	delete(p.sources, r)
	switch value := r.source.value.(type) {
	case *timerheap.Timer[*Registration[K]]:
		p.schedule.heap.Remove(value)
	case *caughtSignal:
		signal.Stop(value.arrived)
		close(value.quit)
	case *procwatch.Exit:
		_ = value.Close() // a descriptor that was only waited on
	case *watchedPath[K]:
		p.schedule.heap.Remove(&value.timer)
		p.removePath(value.path)
	}
}
