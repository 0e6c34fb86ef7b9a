//go:build linux

package bench

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iomux"
	"iomux/descriptor"
)

// inC runs a measurement of the C program.
func inC(b *testing.B, arguments ...string) {
	b.Helper()
	out, err := exec.Command(program(b, "c"), arguments...).Output()
	if err != nil {
		b.Fatal(err)
	}
	took, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(took, "ns/op")
}

func poller(b *testing.B) *iomux.Poller[int] {
	b.Helper()
	p, err := iomux.New[int]()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = p.Close() })
	return p
}

// pipes makes non-blocking pipes.
func pipes(b *testing.B, n int) (r, w []int) {
	b.Helper()
	for range n {
		var ends [2]int
		if err := unix.Pipe2(ends[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _, _ = unix.Close(ends[0]), unix.Close(ends[1]) })
		r, w = append(r, ends[0]), append(w, ends[1])
	}
	return r, w
}

const rounds = "200000"

// BenchmarkReady is a wait that does not wait, with one source ready.
func BenchmarkReady(b *testing.B) {
	b.Run("by=c", func(b *testing.B) { inC(b, "ready", "1", rounds) })
	b.Run("by=iomux", func(b *testing.B) {
		r, w := pipes(b, 1)
		p := poller(b)
		register(b, p, r)
		_, _ = unix.Write(w[0], make([]byte, 8))
		var events [64]iomux.Event[int]
		for b.Loop() {
			if n, err := p.WaitTimeout(events[:], 0); n != 1 || err != nil {
				b.Fatal(n, err)
			}
		}
	})
}

func register(b *testing.B, p *iomux.Poller[int], fds []int) {
	b.Helper()
	for i, fd := range fds {
		if _, err := p.RegisterFD(fd, iomux.Readable, i); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkChange is an addition and a removal.
func BenchmarkChange(b *testing.B) {
	b.Run("by=c", func(b *testing.B) { inC(b, "change", rounds) })
	b.Run("by=iomux", func(b *testing.B) {
		r, _ := pipes(b, 1)
		p := poller(b)
		for b.Loop() {
			registration, err := p.RegisterFD(r[0], iomux.Readable, 0)
			if err != nil {
				b.Fatal(err)
			}
			_ = registration.Unregister()
		}
	})
}

// BenchmarkModify is a modification.
func BenchmarkModify(b *testing.B) {
	b.Run("by=c", func(b *testing.B) { inC(b, "modify", rounds) })
	b.Run("by=iomux", func(b *testing.B) {
		r, _ := pipes(b, 1)
		p := poller(b)
		registration, err := p.RegisterFD(r[0], iomux.Readable, 0)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			_ = registration.Modify(iomux.Readable)
		}
	})
}

// BenchmarkRing is libevent's workload: of n pipes in a ring one is active.
func BenchmarkRing(b *testing.B) {
	for _, n := range []int{100, 9900} {
		b.Run("pipes="+strconv.Itoa(n)+"/by=c", func(b *testing.B) { inC(b, "ring", strconv.Itoa(n), rounds) })
		b.Run("pipes="+strconv.Itoa(n)+"/by=iomux", func(b *testing.B) {
			r, w := pipes(b, n)
			p := poller(b)
			register(b, p, r)
			var events [64]iomux.Event[int]
			buffer := make([]byte, 8)
			_, _ = unix.Write(w[0], buffer)
			for b.Loop() {
				ready, err := p.WaitTimeout(events[:], -1)
				if err != nil {
					b.Fatal(err)
				}
				for _, event := range events[:ready] {
					_, _ = descriptor.TryRead(r[event.Key], buffer)
					_, _ = descriptor.TryWrite(w[(event.Key+1)%n], buffer)
				}
			}
		})
	}
}
