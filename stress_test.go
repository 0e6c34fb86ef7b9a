//go:build unix || windows

package iomux_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"iomux"
)

// stressTime returns how long TestStress runs with each backend: an equal part of IOMUX_STRESS, or
// a moment without it.
func stressTime(t *testing.T) time.Duration {
	text := os.Getenv("IOMUX_STRESS")
	if text == "" {
		if runtime.GOOS == "windows" {
			return 2 * time.Second // opening a pair of sockets is slow there
		}
		return 500 * time.Millisecond
	}
	d, err := time.ParseDuration(text)
	must(t, err)
	return d / time.Duration(len(backends()))
}

// stress is a Poller on which goroutines register, modify, unregister, wake and wait all the time.
// These properties must hold:
//
//   - A wait that began after Unregister had returned does not report the source.
//   - A mute source, to which nobody writes, is never reported readable, even if another source had
//     its number before.
//   - Written data is reported until it was read. In the end all data has been read.
type stress struct {
	poller *iomux.Poller[*stressed]
	modes  []iomux.Interest
	// clock counts the Unregisters that have returned.
	clock atomic.Int64
	all   sync.Map // the sources that stay registered

	registered, modified, closedFirst, written, reported, rearmed, woken atomic.Int64
}

// stressed is one source: the reading end of a pipe.
type stressed struct {
	mu           sync.Mutex // held while the descriptors are opened or closed
	r, w         int
	closed       bool
	mute         bool
	file         bool // a regular file, which is always ready
	mode         iomux.Interest
	written      int
	read         int
	registration *iomux.Registration[*stressed]
	unregistered atomic.Int64 // the clock's time, 0 until then
}

func TestStress(t *testing.T) {
	for name, opts := range backends() {
		t.Run(name, func(t *testing.T) {
			p, err := iomux.New[*stressed](opts...)
			must(t, err)
			s := &stress{poller: p, modes: []iomux.Interest{0, iomux.OneShot}}
			if p.Supports(iomux.Edge) {
				s.modes = append(s.modes, iomux.Edge, iomux.Edge|iomux.OneShot)
			}
			s.clock.Store(1)
			s.run(t)
		})
	}
}

func (s *stress) run(t *testing.T) {
	var mutators, waiters sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		waiters.Go(func() { s.wait(t) })
		mutators.Go(func() { s.mutate(t, stop) })
	}
	mutators.Go(func() { s.wake(t, stop) })
	time.Sleep(stressTime(t))
	close(stop)
	mutators.Wait()
	s.expectAllRead(t)
	must(t, s.poller.Close())
	waiters.Wait()
	s.all.Range(func(source, _ any) bool {
		source.(*stressed).close(t)
		return true
	})
	operations := s.registered.Load() + s.modified.Load() + s.written.Load() + s.reported.Load() + s.rearmed.Load() + s.woken.Load()
	t.Logf("%d operations: %d registered, %d modified, %d closed before they were unregistered, %d bytes written, %d events, "+
		"%d re-armed, %d woken", operations, s.registered.Load(), s.modified.Load(), s.closedFirst.Load(), s.written.Load(),
		s.reported.Load(), s.rearmed.Load(), s.woken.Load())
}

// mutate registers, changes and removes its own sources.
func (s *stress) mutate(t *testing.T, stop <-chan struct{}) {
	sources := make([]*stressed, 16)
	for {
		select {
		case <-stop:
			for _, source := range sources {
				if source != nil {
					s.all.Store(source, nil)
				}
			}
			return
		default:
		}
		i := rand.IntN(len(sources))
		source := sources[i]
		switch n := rand.IntN(10); {
		case source == nil && n == 0:
			s.visitFile(t)
		case source == nil:
			sources[i] = s.open(t)
		case n < 2:
			s.remove(t, source)
			sources[i] = nil
		case n < 4:
			s.modify(t, source)
		case !source.mute:
			s.write(t, source)
		}
	}
}

func (s *stress) open(t *testing.T) *stressed {
	r, w, err := stressPipe(t)
	if errors.Is(err, syscall.EMFILE) {
		return nil // the limit is reached
	}
	if err != nil {
		t.Error("pipe:", err)
		return nil
	}
	source := &stressed{r: r, w: w, mute: rand.IntN(2) == 0, mode: s.modes[rand.IntN(len(s.modes))]}
	source.mu.Lock() // other goroutines must not re-arm it before r is set
	defer source.mu.Unlock()
	source.registration, err = s.poller.RegisterFD(source.r, iomux.Readable|source.mode, source)
	if err != nil {
		t.Errorf("register %d: %v", source.r, err)
		source.closeLocked(t)
		return nil
	}
	s.registered.Add(1)
	return source
}

// visitFile registers and unregisters a regular file.
func (s *stress) visitFile(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if path, errPath := os.Executable(); errPath == nil && err == nil {
		must(t, file.Close())
		file, err = os.Open(path)
	}
	if errors.Is(err, syscall.EMFILE) {
		return
	}
	if err != nil {
		t.Error("open:", err)
		return
	}
	source := &stressed{file: true, mode: s.modes[rand.IntN(len(s.modes))]}
	source.registration, err = s.poller.Register(file, iomux.Readable|source.mode, source)
	if errors.Is(err, errors.ErrUnsupported) {
		must(t, file.Close()) // refused on Windows, and with some modes
		return
	}
	must(t, err)
	s.registered.Add(1)
	closeFirst := rand.IntN(2) == 0
	if closeFirst {
		must(t, file.Close())
	}
	must(t, source.registration.Unregister())
	source.unregistered.Store(s.clock.Add(1))
	if !closeFirst {
		must(t, file.Close())
	}
}

// remove unregisters and closes a source. If the mechanism allows it, it sometimes closes first,
// and sometimes keeps a duplicate open for a while.
func (s *stress) remove(t *testing.T, source *stressed) {
	closeFirst := s.poller.Supports(iomux.Edge) && rand.IntN(3) == 0
	duplicate := -1
	if closeFirst {
		if rand.IntN(4) == 0 {
			duplicate = stressDuplicate(t, source.r)
		}
		source.close(t)
		s.closedFirst.Add(1)
	}
	if err := source.registration.Unregister(); err != nil {
		t.Error("unregister:", err)
	}
	source.unregistered.Store(s.clock.Add(1))
	if !closeFirst {
		source.close(t)
	}
	if duplicate >= 0 {
		time.Sleep(time.Millisecond)
		_ = stressClose(t, duplicate)
	}
}

func (s *stress) modify(t *testing.T, source *stressed) {
	source.mu.Lock()
	defer source.mu.Unlock()
	source.mode = s.modes[rand.IntN(len(s.modes))]
	if err := source.registration.Modify(iomux.Readable | source.mode); err != nil {
		t.Error("modify:", err)
	}
	s.modified.Add(1)
}

func (s *stress) write(t *testing.T, source *stressed) {
	source.mu.Lock()
	defer source.mu.Unlock()
	n, err := stressWrite(t, source.w)
	if err != nil && err != syscall.EAGAIN {
		t.Error("write:", err)
	}
	source.written += n
	s.written.Add(int64(n))
}

func (s *stress) wake(t *testing.T, stop <-chan struct{}) {
	for turn := 1; ; turn++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
			must(t, s.poller.Wake())
			s.woken.Add(1)
			if turn%16 == 0 {
				stressLimit(t)
			}
		}
	}
}

// wait takes events with all methods until the Poller is closed.
func (s *stress) wait(t *testing.T) {
	for {
		var events [8]iomux.Event[*stressed]
		room := events[:1+rand.IntN(len(events))]
		began := s.clock.Load()
		var n int
		var err error
		switch rand.IntN(6) {
		case 0:
			n, err = s.poller.WaitTimeout(room, 0)
		case 1:
			n, err = s.poller.WaitTimeout(room, time.Duration(rand.IntN(4000))*time.Microsecond)
		case 2:
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			n, err = s.poller.Wait(ctx, room)
			cancel()
			if errors.Is(err, context.DeadlineExceeded) {
				err = nil
			}
		case 3:
			n, err = s.poller.Wait(context.Background(), room)
		case 4:
			n, err = s.poller.WaitTimeout(room, time.Duration(rand.Int64N(int64(time.Millisecond))))
		case 5:
			err = s.iterate(t, began)
		}
		if err != nil {
			if !errors.Is(err, os.ErrClosed) {
				t.Error("wait:", err)
			}
			return
		}
		for _, event := range room[:n] {
			s.handle(t, event, began)
		}
	}
}

// iterate takes a few events from an iterator, and usually leaves others.
func (s *stress) iterate(t *testing.T, began int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	left := 1 + rand.IntN(4)
	for event, err := range s.poller.Events(ctx) {
		if errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		s.handle(t, event, began)
		if left--; left == 0 {
			return nil
		}
	}
	return nil
}

func (s *stress) handle(t *testing.T, event iomux.Event[*stressed], began int64) {
	s.reported.Add(1)
	source := event.Key
	if source.file {
		return
	}
	if end := source.unregistered.Load(); end != 0 && end <= began {
		t.Errorf("a wait that began at %d reports descriptor %d, which was unregistered at %d", began, source.r, end)
	}
	source.mu.Lock()
	defer source.mu.Unlock()
	if event.Registration != source.registration {
		t.Errorf("descriptor %d is reported with another registration", source.r)
	}
	if source.mute && event.Ready&iomux.Readable != 0 {
		t.Errorf("descriptor %d is %v, although nothing was written to it", source.r, event.Ready)
	}
	if source.closed {
		return
	}
	var buffer [64]byte
	for {
		n, err := stressRead(t, source.r, buffer[:])
		if n <= 0 || err != nil {
			break
		}
		source.read += n
	}
	if source.mode&iomux.OneShot != 0 {
		err := source.registration.Modify(iomux.Readable | source.mode)
		if err != nil && !errors.Is(err, syscall.ENOENT) && !errors.Is(err, os.ErrClosed) {
			t.Error("re-arm:", err)
		}
		s.rearmed.Add(1)
	}
}

// expectAllRead waits until all data of the remaining sources was reported and read.
func (s *stress) expectAllRead(t *testing.T) {
	deadline := time.Now().Add(soon)
	s.all.Range(func(key, _ any) bool {
		source := key.(*stressed)
		for {
			source.mu.Lock()
			left, mode := source.written-source.read, source.mode
			source.mu.Unlock()
			if left == 0 {
				return true
			}
			if time.Now().After(deadline) {
				t.Errorf("descriptor %d, mode %v: %d bytes were never reported", source.r, mode, left)
				return false
			}
			time.Sleep(time.Millisecond)
		}
	})
}

func (source *stressed) close(t *testing.T) {
	source.mu.Lock()
	defer source.mu.Unlock()
	source.closeLocked(t)
}

func (source *stressed) closeLocked(t *testing.T) {
	source.closed = true
	if err := errors.Join(stressClose(t, source.r), stressClose(t, source.w)); err != nil {
		t.Error("close:", err)
	}
}
