//go:build unix

package iomux_test

import (
	"errors"
	"math"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
)

// alwaysReady registers a regular file, and skips the test if the mechanism does not detect regular
// files.
func alwaysReady(t *testing.T, p *iomux.Poller[int], src any, mode iomux.Interest) *iomux.Registration[int] {
	t.Helper()
	r := register(t, p, src, iomux.Readable|mode)
	if !r.AlwaysReady() {
		t.Skip("this mechanism does not distinguish regular files")
	}
	return r
}

func regular(t *testing.T) *os.File {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	must(t, err)
	t.Cleanup(func() { _ = file.Close() }) // a test may have closed it
	return file
}

func TestClosedRegularFileIsNotReported(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		file := regular(t)
		r := alwaysReady(t, p, file, 0)
		expect(t, p, r, iomux.Readable)
		must(t, file.Close())
		expectNothing(t, p)
		isErr(t, r.Modify(iomux.Readable), syscall.EBADF)
		must(t, r.Unregister())
	})
}

func TestClosedNumberOfARegularFileIsNotReported(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd := suite.High(t, int(regular(t).Fd()), 300) // a number that nothing else gets
		r := alwaysReady(t, p, fd, 0)
		expect(t, p, r, iomux.Readable)
		suite.Close(t, fd)
		expectNothing(t, p)
		must(t, r.Unregister())
	})
}

func TestRegularFileIsRegisteredOnce(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		for _, mode := range []iomux.Interest{0, iomux.OneShot} {
			file := regular(t)
			r := alwaysReady(t, p, file, mode)
			for range 2 {
				_, err := p.Register(file, iomux.Readable, 0)
				isErr(t, err, iomux.ErrRegistered)
				isErr(t, err, syscall.EEXIST)
				expect(t, p, r, iomux.Readable)
				must(t, r.Modify(iomux.Readable|mode))
			}
			must(t, r.Unregister())
			again := register(t, p, file, iomux.Readable)
			expect(t, p, again, iomux.Readable)
			must(t, again.Unregister())
		}
	})
}

func TestUnregisterTwice(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, _ := suite.Pipe(t)
		r := register(t, p, fd, iomux.Readable)
		must(t, r.Unregister())
		for _, err := range []error{r.Unregister(), r.Modify(iomux.Readable), new(iomux.Registration[int]).Unregister()} {
			isErr(t, err, iomux.ErrNotRegistered)
			isErr(t, err, syscall.ENOENT)
		}
	})
}

func TestKeyReturnsTheKeyOfRegister(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		fd, _ := suite.Pipe(t)
		r, err := p.RegisterFD(fd, iomux.Readable, 4711)
		must(t, err)
		if r.Key() != 4711 {
			t.Errorf("Key is %d", r.Key())
		}
	})
}

// The garbage collector closes the descriptors of an unreachable Poller.
func TestUnreachablePollerReleasesItsDescriptors(t *testing.T) {
	for name, opts := range backends() {
		t.Run(name, func(t *testing.T) {
			const many = 20
			before := leak.Count()
			for range many {
				p, err := iomux.New[int](opts...)
				must(t, err)
				fd, w := suite.Pipe(t)
				_, err = p.RegisterFD(fd, iomux.Readable, 0)
				must(t, err)
				_, err = p.WaitTimeout(make([]iomux.Event[int], 1), 3*time.Millisecond)
				must(t, err)
				suite.Close(t, fd)
				suite.Close(t, w)
			}
			deadline := time.Now().Add(soon)
			for leak.Count() >= before+many {
				if time.Now().After(deadline) {
					t.Fatalf("%d descriptors are open, %d before", leak.Count(), before)
				}
				runtime.GC()
				time.Sleep(time.Millisecond)
			}
		})
	}
}

func TestErrorsOfRegistrations(t *testing.T) {
	for err, want := range map[error]error{
		iomux.ErrRegistered: syscall.EEXIST, iomux.ErrNotRegistered: syscall.ENOENT, iomux.ErrNotPollable: errors.ErrUnsupported,
	} {
		isErr(t, err, want)
	}
}

// Modify of a closed source fails, and Unregister succeeds.
func TestModifyAClosedSource(t *testing.T) {
	inTurn(t, func(t *testing.T, p *iomux.Poller[int]) {
		client, server := connections(t)
		conn := register(t, p, server, iomux.Readable)
		must(t, server.Close())
		must(t, client.Close())
		low, _ := suite.Pipe(t)
		fd := suite.High(t, low, 300) // a number that nothing else gets
		number := register(t, p, fd, iomux.Readable)
		suite.Close(t, fd)
		for _, r := range []*iomux.Registration[int]{conn, number} {
			isErr(t, r.Modify(iomux.Writable), syscall.EBADF)
			must(t, r.Unregister())
		}
		expectNothing(t, p)
	})
}

// Each wait that Close ends returns the error of the Poller, not that of a mechanism.
func TestClosedPollerIsNamedByEachWait(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		waits := make(chan error)
		go func() {
			_, err := p.WaitTimeout(make([]iomux.Event[int], 1), math.MaxInt64)
			waits <- err
		}()
		time.Sleep(20 * time.Millisecond) // the wait may sleep by now
		must(t, p.Close())
		const want = "iomux: the poller is closed: file already closed"
		if err := <-waits; err == nil || err.Error() != want {
			t.Errorf("the wait returned %v, want %s", err, want)
		}
	})
}

// A source without a descriptor is not named by the number -1.
func TestModifyOfATimerNamesNoDescriptor(t *testing.T) {
	onEach(t, func(t *testing.T, p *iomux.Poller[int]) {
		r, err := p.RegisterTimer(time.Hour, 1)
		must(t, err)
		err = r.Modify(iomux.Readable)
		isErr(t, err, errors.ErrUnsupported)
		if err == nil || strings.Contains(err.Error(), "descriptor") {
			t.Errorf("the error is %v, want one without a descriptor", err)
		}
	})
}
