//go:build unix

package iomux_test

import (
	"context"
	"errors"
	"math"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux"
	"iomux/internal/sys"
	"iomux/internal/test/suite"
)

func TestNotOpen(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		_, err := p.RegisterFD(suite.ClosedFD(t), iomux.Readable, 0)
		isErr(t, err, syscall.EBADF)
		if n := p.Len(); n != 0 {
			t.Errorf("Len: %d, want 0", n)
		}
	})
}

// A caller that registers a number after it was closed may reach a descriptor of the Poller.
func TestOwnDescriptorsAreRefused(t *testing.T) {
	const highest = 1000
	for name, opts := range backends() {
		must(t, poller(t, opts).Close()) // opens what all Pollers of the process share
		var before [highest]bool
		for fd := range before {
			before[fd] = sys.IsOpen(fd)
		}
		p := poller(t, opts)
		named := 0
		for fd := range before {
			if before[fd] || !sys.IsOpen(fd) {
				continue
			}
			_, err := p.RegisterFD(fd, iomux.Readable, 0)
			if err == nil {
				t.Errorf("%s: Register of the Poller's descriptor %d succeeds", name, fd)
			} else if errors.Is(err, syscall.EBADF) && strings.Contains(err.Error(), "the poller itself") {
				named++
			}
		}
		if named == 0 {
			t.Errorf("%s: no error names the Poller", name)
		}
	}
}

func TestRegisterOfAHugeNumberNeedsLittleMemory(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := p.RegisterFD(math.MaxInt32, iomux.Readable, 0)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Error("Register succeeds")
		}
		if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1<<20 {
			t.Errorf("%d bytes were allocated", bytes)
		}
	})
}

// A source that is always ready for reading and writing never has another condition. Epoll and
// kqueue refuse it if the interest has neither Readable nor Writable.
func TestNotPollable(t *testing.T) {
	for _, path := range []string{t.TempDir(), os.DevNull, "/dev/zero"} {
		inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
			if m := p.Mechanism(); m != iomux.Epoll && m != iomux.Kqueue {
				t.Skip("only epoll and kqueue detect such a source")
			}
			file, err := os.Open(path)
			must(t, err)
			defer func() { must(t, file.Close()) }()
			for _, interest := range []iomux.Interest{0, iomux.Hangup, iomux.ReadHangup, iomux.Priority} {
				if p.Supports(interest) {
					_, err := p.Register(file, interest, 0)
					isErr(t, err, iomux.ErrNotPollable)
				}
			}
			r := register(t, p, file, iomux.Readable)
			if !r.AlwaysReady() {
				t.Errorf("AlwaysReady of %s is false", path)
			}
			isErr(t, r.Modify(iomux.Hangup), iomux.ErrNotPollable)
			must(t, r.Unregister())
		})
	}
}

// Register of a regular file ends a wait in progress.
func TestRegularFileReachesAWaitUnderWay(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		done := make(chan error)
		go func() {
			var events [1]iomux.Event[int]
			n, err := p.Wait(context.Background(), events[:])
			if n != 1 && err == nil {
				err = errors.New("no event")
			}
			done <- err
		}()
		time.Sleep(quiet)
		register(t, p, suite.File(t), iomux.Readable)
		must(t, <-done)
	})
}
