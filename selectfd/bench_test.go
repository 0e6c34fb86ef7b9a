//go:build unix

package selectfd_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/sys"
	"iomux/internal/test/suite"
	"iomux/selectfd"
)

// BenchmarkWait polls n descriptors, one of which is ready. It compares the bare call in
// internal/sys (raw), x/sys/unix up to FD_SETSIZE, Wait on a set that is filled each time, and
// Select.
func BenchmarkWait(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000, 2000} {
		fds := oneReady(b, n)
		run := func(by string, wait func() (int, error)) {
			b.Run(fmt.Sprintf("watched=%d/by=%s", n, by), func(b *testing.B) { benchmark(b, wait) })
		}
		run("raw", rawSelect(fds))
		if highest := slices.Max(fds); highest < unix.FD_SETSIZE {
			run("xsys", func() (int, error) {
				var set unix.FdSet
				for _, fd := range fds {
					set.Set(fd)
				}
				return unix.Select(highest+1, &set, nil, nil, &unix.Timeval{})
			})
		}
		var set selectfd.Set
		run("iomux", func() (int, error) {
			for _, fd := range fds {
				set.Add(fd)
			}
			return selectfd.Wait(&set, nil, nil, 0)
		})
		run("iomux-Select", func() (int, error) {
			rr, _, _, err := selectfd.Select(fds, nil, nil, time.Duration(0))
			return len(rr), err
		})
	}
}

// oneReady returns n descriptors, the first of which is ready.
func oneReady(b *testing.B, n int) []int {
	idle, _ := suite.Pipe(b)
	ready, w := suite.Pipe(b)
	suite.Write(b, w)
	fds := []int{ready}
	for range n - 1 {
		fds = append(fds, suite.High(b, idle, ready+1))
	}
	return fds
}

func benchmark(b *testing.B, wait func() (int, error)) {
	b.ReportAllocs()
	for b.Loop() {
		if n, err := wait(); n != 1 || err != nil {
			b.Fatal(n, err)
		}
	}
}

// rawSelect returns a wait that copies a filled set, and calls select(2).
func rawSelect(fds []int) func() (int, error) {
	highest := slices.Max(fds)
	full := make([]sys.SelectWord, highest/32+2) // enough for the smallest words
	words := make([]sys.SelectWord, len(full))
	for _, fd := range fds {
		setBit(full, fd)
	}
	return func() (int, error) {
		copy(words, full)
		n, _ := sys.Select(highest+1, &words[0], nil, nil, 0)
		return n, nil
	}
}

func setBit(words []sys.SelectWord, fd int) {
	const size = int(unsafe.Sizeof(sys.SelectWord(0))) * 8
	words[fd/size] |= 1 << (fd % size)
}

// BenchmarkTimeout measures how late a wait returns, as the metric late-µs.
func BenchmarkTimeout(b *testing.B) {
	for _, timeout := range []time.Duration{100 * time.Microsecond, 1500 * time.Microsecond, 3 * time.Millisecond} {
		b.Run(timeout.String(), func(b *testing.B) {
			var late time.Duration
			for b.Loop() {
				start := time.Now()
				_, _ = selectfd.Wait(nil, nil, nil, timeout)
				late += time.Since(start) - timeout
			}
			b.ReportMetric(float64(late.Microseconds())/float64(b.N), "late-µs")
		})
	}
}
