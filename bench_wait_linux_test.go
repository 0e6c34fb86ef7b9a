package iomux_test

import (
	"context"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/internal/test/suite"
)

// waits returns the ways to wait until one eventfd is readable: parked in the Go scheduler, or
// blocking a thread in the kernel.
func waits(b *testing.B, fd int) map[string]func() {
	b.Helper()
	parked, blocking := readyPoller(b, []int{fd}), readyPoller(b, []int{fd}, iomux.WithBlocking())
	epfd := kernelEpoll(b, []int{fd})
	var of [3]struct {
		events [8]iomux.Event[int]
		kernel [8]unix.EpollEvent
	}
	return map[string]func(){
		"Poller":   func() { _, _ = parked.Wait(context.Background(), of[0].events[:]) },
		"Blocking": func() { _, _ = blocking.Wait(context.Background(), of[1].events[:]) },
		"Kernel": func() {
			_, _, _ = unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(&of[2].kernel[0])), 8, ^uintptr(0), 0, 0)
		},
	}
}

func eventfd(b *testing.B) int {
	b.Helper()
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		b.Fatal(err)
	}
	suite.CloseAtEnd(b, fd)
	return fd
}

var one = []byte{1, 0, 0, 0, 0, 0, 0, 0}

func signal8(fd int) { _, _ = unix.Write(fd, one) }

func drain8(fd int, buffer []byte) { _, _ = unix.Read(fd, buffer) }

// percentiles reports the median and the 99th percentile in microseconds.
func percentiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2])/1e3, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100])/1e3, "p99-µs")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkPingPong lets two goroutines wake each other through eventfds.
func BenchmarkPingPong(b *testing.B) {
	for _, way := range []string{"Kernel", "Poller", "Blocking"} {
		b.Run(way, func(b *testing.B) {
			ping, pong := eventfd(b), eventfd(b)
			there, back := waits(b, ping)[way], waits(b, pong)[way]
			done := make(chan struct{})
			rounds := b.N
			go func() {
				defer close(done)
				buffer := make([]byte, 8)
				for range rounds {
					there()
					drain8(ping, buffer)
					signal8(pong)
				}
			}()
			buffer := make([]byte, 8)
			took := make([]time.Duration, 0, rounds)
			b.ResetTimer()
			for range rounds {
				start := time.Now()
				signal8(ping)
				back()
				drain8(pong, buffer)
				took = append(took, time.Since(start)/2)
			}
			<-done
			percentiles(b, took)
		})
	}
}

// BenchmarkHandOff measures the time from an event until a worker goroutine handles it, with one
// processor.
func BenchmarkHandOff(b *testing.B) {
	for _, way := range []string{"Kernel", "Poller"} {
		b.Run(way, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			fd := eventfd(b)
			wait := waits(b, fd)[way]
			jobs, done, next := make(chan time.Time), make(chan struct{}), make(chan struct{}, 1)
			took := make([]time.Duration, 0, b.N)
			go func() {
				defer close(done)
				for handed := range jobs {
					took = append(took, time.Since(handed))
				}
			}()
			go func() {
				for range b.N {
					time.Sleep(50 * time.Microsecond)
					signal8(fd)
					<-next // two signals would be combined into one event
				}
			}()
			buffer := make([]byte, 8)
			for range b.N {
				wait()
				drain8(fd, buffer)
				jobs <- time.Now()
				next <- struct{}{}
			}
			close(jobs)
			<-done
			percentiles(b, took)
		})
	}
}

// BenchmarkLate measures how late timeouts expire.
func BenchmarkLate(b *testing.B) {
	for name, opts := range map[string][]iomux.Option{"Poller": nil, "Blocking": {iomux.WithBlocking()}} {
		for _, timeout := range []time.Duration{100 * time.Microsecond, time.Millisecond, 3 * time.Millisecond} {
			b.Run(name+"/"+timeout.String(), func(b *testing.B) {
				p := poller(b, opts)
				var events [1]iomux.Event[int]
				took := make([]time.Duration, 0, b.N)
				for range b.N {
					start := time.Now()
					_, _ = p.WaitTimeout(events[:], timeout)
					took = append(took, time.Since(start)-timeout)
				}
				percentiles(b, took)
			})
		}
	}
}

// BenchmarkIdle measures the memory of idle pollers and registrations.
func BenchmarkIdle(b *testing.B) {
	b.Run("Threads/500", func(b *testing.B) {
		before := threads(b)
		done := make(chan struct{})
		var all []*iomux.Poller[int]
		for range 500 {
			p := poller(b, nil)
			all = append(all, p)
			go func() {
				var events [1]iomux.Event[int]
				_, _ = p.Wait(context.Background(), events[:])
				done <- struct{}{}
			}()
		}
		time.Sleep(100 * time.Millisecond)
		b.ReportMetric(float64(threads(b)-before), "threads")
		b.ReportMetric(0, "ns/op")
		for _, p := range all {
			_ = p.Close()
			<-done
		}
	})
	b.Run("Bytes/10000", func(b *testing.B) {
		const connections = 10_000
		fds := oneReady(b, connections)
		p := poller(b, nil)
		before := resident(b)
		for _, fd := range fds {
			if _, err := p.RegisterFD(fd, iomux.Readable, fd); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(resident(b)-before)/connections, "B/connection")
		b.ReportMetric(0, "ns/op")
		runtime.KeepAlive(p)
	})
}

// resident returns the memory in use: the RSS of the process after a garbage collection.
func resident(b *testing.B) int {
	b.Helper()
	runtime.GC()
	runtime.GC()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("no /proc:", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// BenchmarkOthers measures the longest time that another goroutine waits for the only processor
// while a loop is saturated.
func BenchmarkOthers(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	fds := oneReady(b, 1)
	p := readyPoller(b, fds)
	stop := make(chan struct{})
	longest := make(chan time.Duration)
	go func() {
		var worst time.Duration
		last := time.Now()
		for {
			select {
			case <-stop:
				longest <- worst
				return
			default:
			}
			time.Sleep(100 * time.Microsecond)
			worst = max(worst, time.Since(last))
			last = time.Now()
		}
	}()
	var events [8]iomux.Event[int]
	start := time.Now()
	for b.N > 0 && time.Since(start) < time.Second {
		for range 100 {
			_, _ = p.Wait(context.Background(), events[:])
		}
	}
	close(stop)
	b.ReportMetric(float64((<-longest).Microseconds())/1e3, "longest-ms")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRing is libevent's workload: n pipes form a ring, and each byte read from one pipe is
// written to the next.
func BenchmarkRing(b *testing.B) {
	for _, n := range []int{100, 9900} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			r, w := make([]int, n), make([]int, n)
			for i := range r {
				r[i], w[i] = suite.Pipe(b)
			}
			b.Run("Raw", func(b *testing.B) { rawRing(b, r, w) })
			b.Run("Poller", func(b *testing.B) { pollerRing(b, r, w) })
			if n == 100 || !testing.Short() {
				b.Run("Goroutines", func(b *testing.B) { goroutineRing(b, n) })
			}
		})
	}
}

func rawRing(b *testing.B, r, w []int) {
	epfd := kernelEpoll(b, nil)
	for i, fd := range r {
		if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}); err != nil {
			b.Fatal(err)
		}
	}
	var events [64]unix.EpollEvent
	signal8(w[0])
	for b.Loop() {
		n, _, _ := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(&events[0])), 64, 0, 0, 0)
		for _, event := range events[:n] {
			pass(r, w, int(event.Fd))
		}
	}
	drainAll(b, r)
}

func pollerRing(b *testing.B, r, w []int) {
	p := poller(b, nil)
	for i, fd := range r {
		if _, err := p.RegisterFD(fd, iomux.Readable, i); err != nil {
			b.Fatal(err)
		}
	}
	var events [64]iomux.Event[int]
	signal8(w[0])
	for b.Loop() {
		n, err := p.Wait(context.Background(), events[:])
		if err != nil {
			b.Fatal(err)
		}
		for _, event := range events[:n] {
			pass(r, w, event.Key)
		}
	}
	drainAll(b, r)
}

// goroutineRing uses a goroutine for each pipe, as programs without a poller do. It ends when the
// pipes are closed.
func goroutineRing(b *testing.B, n int) {
	r, w := make([]*os.File, n), make([]*os.File, n)
	for i := range r {
		var err error
		if r[i], w[i], err = os.Pipe(); err != nil {
			b.Skip("not enough descriptors:", err)
		}
	}
	rounds := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			var buffer [8]byte
			for {
				if n, err := r[i].Read(buffer[:]); n == 0 || err != nil {
					return
				}
				rounds <- struct{}{}
				_, _ = w[(i+1)%n].Write(buffer[:])
			}
		})
	}
	_, _ = w[0].Write(one)
	for b.Loop() {
		<-rounds
	}
	go func() {
		for range rounds { // the round in progress
		}
	}()
	for i := range r {
		_, _ = r[i].Close(), w[i].Close()
	}
	all.Wait()
	close(rounds)
}

// pass reads from one pipe and writes to the next. It uses raw calls, because they do not block.
func pass(r, w []int, i int) {
	var buffer [8]byte
	next := (i + 1) % len(w)
	_, _, _ = unix.RawSyscall(unix.SYS_READ, uintptr(r[i]), uintptr(unsafe.Pointer(&buffer)), 8)
	_, _, _ = unix.RawSyscall(unix.SYS_WRITE, uintptr(w[next]), uintptr(unsafe.Pointer(&buffer)), 8)
}

func drainAll(b *testing.B, fds []int) {
	b.Helper()
	for _, fd := range fds {
		suite.Drain(b, fd)
	}
}
