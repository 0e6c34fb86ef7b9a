package iomux_test

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/epoll"
	"iomux/internal/test/suite"
)

// openSampler returns a stopped sampler of the calling thread's clock. Each 64 bytes of samples
// in its ring buffer make it readable.
func openSampler() (fd int, err error) {
	attributes := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK,
		Sample: 100_000, Sample_type: unix.PERF_SAMPLE_IP, Wakeup: 64,
		Bits: unix.PerfBitDisabled | unix.PerfBitWatermark | unix.PerfBitExcludeKernel,
	}
	attributes.Size = uint32(unsafe.Sizeof(attributes))
	return unix.PerfEventOpen(&attributes, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
}

// sampled returns a sampler of a thread that stays busy until the test ends.
func sampled(t *testing.T) (fd int) {
	t.Helper()
	opened, done := make(chan error), make(chan struct{})
	var stop atomic.Bool
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var err error
		fd, err = openSampler()
		opened <- err
		for err == nil && !stop.Load() {
			busy.Add(1)
		}
	}()
	err := <-opened
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.ENOENT) {
		t.Skip("this process may not call perf_event_open:", err)
	}
	must(t, err)
	suite.CloseAtEnd(t, fd)
	t.Cleanup(func() {
		stop.Store(true)
		<-done
	})
	ring, err := unix.Mmap(fd, 0, 9*unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	must(t, err)
	t.Cleanup(func() { must(t, unix.Munmap(ring)) })
	return fd
}

// The poll function of a perf_event clears the readiness that it reports, so a second poll finds
// nothing. That also holds for an epoll with a perf_event. Libraries for eBPF hand out such epolls.
func TestPerfEventOfAPollerThatHasParked(t *testing.T) {
	for _, nested := range []bool{false, true} {
		t.Run(fmt.Sprintf("nested=%v", nested), func(t *testing.T) {
			inTurn(t, func(t *testing.T, p *iomux.Poller[int]) { waitForSamples(t, p, nested) })
		})
	}
}

// waitForSamples waits for a sampler, or for an epoll that holds it.
func waitForSamples(t *testing.T, p *iomux.Poller[int], nested bool) {
	if p.Mechanism() == iomux.EventPort {
		t.Skip("the model of event ports polls twice")
	}
	expectNothing(t, p) // parks
	fd := sampled(t)
	source := any(fd)
	if nested {
		outer, err := epoll.New()
		must(t, err)
		defer func() { must(t, outer.Close()) }()
		must(t, outer.Register(fd, epoll.In))
		source = outer.FD()
	}
	r := register(t, p, source, iomux.Readable)
	for range 3 {
		timer := time.AfterFunc(quiet, func() { _ = unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_ENABLE, 0) })
		expect(t, p, r, iomux.Readable)
		timer.Stop()
		must(t, unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_DISABLE, 0))
		_, _ = p.WaitTimeout(make([]iomux.Event[int], 1), 0) // drops old samples
	}
	must(t, r.Unregister())
}
