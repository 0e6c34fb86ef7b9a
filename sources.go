package iomux

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"iomux/internal/sys"
)

// RegisterTimer makes a timer that expires each time d has passed, until Unregister. Event.Status tells how often it has
// expired since the last event. It is never early.
//
// On Linux it is a timerfd(2), elsewhere a goroutine.
//
// Errors: EINVAL where d is not positive; os.ErrClosed; EMFILE and others of timerfd_create(2).
func (p *Poller[K]) RegisterTimer(d time.Duration, key K) (*Registration[K], error) {
	if d <= 0 {
		return nil, fmt.Errorf("iomux: a timer of %v: %w", d, os.NewSyscallError("timerfd_settime", syscall.EINVAL))
	}
	r := &Registration[K]{poller: p, key: key, kind: KindTimer, interest: Readable}
	fd, err := sys.NewTimer(d)
	if isMissing(err) {
		return p.runSource(r, func(quit <-chan struct{}) { p.tick(r, d, quit) })
	}
	if err != nil {
		return nil, err
	}
	r.source = &source{collect: func() (int, bool) {
		n := sys.Expirations(fd)
		return n, n > 0
	}}
	return p.addSource(r, fd)
}

// RegisterSignal reports a signal of this process, as signal.Notify does: it then no longer has the effect that it has by
// default. Signals that arrive before they are reported become one event; Event.Status is the number.
//
// A goroutine waits for it, on all systems.
//
// Errors: EINVAL for none, and for os.Kill, which cannot be caught; os.ErrClosed.
func (p *Poller[K]) RegisterSignal(sig os.Signal, key K) (*Registration[K], error) {
	if sig == nil || sig == os.Kill {
		return nil, fmt.Errorf("iomux: signal %v: %w", sig, os.NewSyscallError("signal", syscall.EINVAL))
	}
	number, _ := sig.(syscall.Signal)
	r := &Registration[K]{poller: p, key: key, kind: KindSignal}
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, sig)
	registered, err := p.runSource(r, func(quit <-chan struct{}) {
		defer signal.Stop(arrived)
		for {
			select {
			case <-arrived:
				p.post(r, int(number), false)
			case <-quit:
				return
			}
		}
	})
	if err != nil {
		signal.Stop(arrived)
	}
	return registered, err
}

// RegisterProcess reports once that a process has exited, a child or any other (os.FindProcess). It does not reap it: whoever
// started it calls Wait, before or after. Event.Status tells how it has exited, as far as the kernel does.
//
// On Linux it is a pidfd(2), on Windows a thread that waits for the process's handle. Elsewhere, and where os.Process has no
// pidfd (before Linux 5.4), a goroutine waits for a child by os.Process.Wait, so that nobody else may, and asks ten times a
// second whether another process is still there.
//
// Errors: EINVAL for nil; os.ErrProcessDone where it was waited for already; os.ErrClosed; EMFILE.
func (p *Poller[K]) RegisterProcess(process *os.Process, key K) (*Registration[K], error) {
	if process == nil {
		return nil, fmt.Errorf("iomux: nil process: %w", os.NewSyscallError("pidfd_open", syscall.EINVAL))
	}
	r := &Registration[K]{poller: p, key: key, kind: KindProcess, interest: Readable | OneShot}
	if exit, err := sys.NewExit(process); err == nil {
		return p.awaitHandle(r, exit)
	} else if !errors.Is(err, errors.ErrUnsupported) {
		return nil, err
	}
	fd, err := sys.NewProcess(process)
	if errors.Is(err, os.ErrNoHandle) || isMissing(err) {
		return p.runSource(r, func(quit <-chan struct{}) { p.awaitExit(r, process, quit) })
	}
	if err != nil {
		return nil, err
	}
	r.source = &source{collect: func() (int, bool) {
		if status, known := sys.ExitStatus(fd); known {
			return status, true
		}
		return StatusUnknown, true
	}}
	return p.addSource(r, fd)
}

// awaitHandle awaits a process of Windows, whose handles cannot be polled.
func (p *Poller[K]) awaitHandle(r *Registration[K], exit *sys.Exit) (*Registration[K], error) {
	registered, err := p.runSource(r, func(quit <-chan struct{}) {
		if status, known := exit.Await(quit); known {
			p.post(r, status, false)
		}
	})
	if err != nil {
		exit.Close()
	}
	return registered, err
}

// isMissing reports whether the system lacks a call, or a sandbox forbids it.
func isMissing(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EPERM)
}

// addSource adds r, whose descriptor fd the Poller owns.
func (p *Poller[K]) addSource(r *Registration[K], fd int) (*Registration[K], error) {
	if err := p.add(r, fd); err != nil {
		sys.CloseFD(fd)
		return nil, failure("register", fd, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isClosed.Load() { // since
		sys.CloseFD(fd)
		return nil, errClosed
	}
	if !r.live { // somebody who got its event was fast
		sys.CloseFD(fd)
		return r, nil
	}
	p.endWith(r, func() { sys.CloseFD(fd) })
	return r, nil
}

// runSource starts a goroutine that posts the events of r until quit is closed.
func (p *Poller[K]) runSource(r *Registration[K], run func(quit <-chan struct{})) (*Registration[K], error) {
	if p.backend == nil {
		return nil, errClosed
	}
	quit := make(chan struct{})
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isClosed.Load() {
		return nil, errClosed
	}
	r.fd, r.tag = -1, p.nextTag()
	p.enlist(r)
	p.endWith(r, func() { close(quit) })
	go run(quit)
	return r, nil
}

// endWith makes Unregister and Close call stop.
func (p *Poller[K]) endWith(r *Registration[K], stop func()) {
	if p.stops == nil {
		p.stops = make(map[*Registration[K]]func())
	}
	p.stops[r] = stop
}

// tick posts the expirations of a timer.
func (p *Poller[K]) tick(r *Registration[K], d time.Duration, quit <-chan struct{}) {
	ticker := time.NewTicker(d)
	defer ticker.Stop()
	start, told := time.Now(), 0
	for {
		select {
		case <-ticker.C:
			// A ticker drops what comes too fast; the clock does not.
			if expired := int(time.Since(start) / d); expired > told {
				p.post(r, expired-told, true)
				told = expired
			}
		case <-quit:
			return
		}
	}
}

// awaitExit posts the exit of a process.
func (p *Poller[K]) awaitExit(r *Registration[K], process *os.Process, quit <-chan struct{}) {
	state, err := process.Wait()
	if err == nil {
		p.post(r, exitStatus(state), false)
		return
	}
	// It is not our child.
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		if err := process.Signal(syscall.Signal(0)); err != nil && !errors.Is(err, os.ErrPermission) {
			p.post(r, StatusUnknown, false)
			return
		}
		select {
		case <-ticker.C:
		case <-quit:
			return
		}
	}
}

func exitStatus(state *os.ProcessState) int {
	if wait, ok := state.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		return -int(wait.Signal())
	}
	return state.ExitCode()
}
