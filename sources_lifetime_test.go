//go:build unix || windows

package iomux_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"iomux"
	"iomux/internal/test/leak"
	"iomux/internal/test/wine"
)

// The garbage collector ends the goroutines of an unreachable Poller's sources, and closes their
// descriptors. The test is not parallel, because it counts them.
func TestUnreachablePollerEndsItsSources(t *testing.T) {
	folder := wine.Folder(t)
	for name, opts := range backends() {
		t.Run(name, func(t *testing.T) {
			const many = 20
			descriptors, goroutines := leak.Count(), runtime.NumGoroutine()
			for range many {
				p, err := iomux.New[int](opts...)
				must(t, err)
				registerSources(t, p, folder)
			}
			limit := descriptors + many - 1
			if runtime.GOOS == "windows" {
				// Threads of the runtime have events, and a Poller nine handles.
				limit += 5 * many
			}
			for end := time.Now().Add(soon); leak.Count() > limit || runtime.NumGoroutine() >= goroutines+many; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d descriptors and %d goroutines, before %d and %d", leak.Count(), runtime.NumGoroutine(), descriptors, goroutines)
				}
				runtime.GC()
			}
		})
	}
}

// needsPaths skips the test if this machine cannot watch files.
func needsPaths(t testing.TB) {
	t.Helper()
	if err := leak.Forbidden(); err != nil {
		t.Skip(err)
	}
}

// registerSources registers a source of each kind, none of which reports anything.
func registerSources(t *testing.T, p *iomux.Poller[int], folder string) {
	t.Helper()
	needsPaths(t)
	self, err := os.FindProcess(os.Getpid())
	must(t, err)
	for _, register := range append(systemSources(p),
		func() (*iomux.Registration[int], error) { return p.RegisterTimer(time.Hour, 1) },
		func() (*iomux.Registration[int], error) { return p.RegisterPath(filepath.Join(folder, "file"), 2) },
		func() (*iomux.Registration[int], error) { return p.RegisterProcess(self, 3) },
	) {
		if _, err := register(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Fatal(err)
		}
	}
	n, err := p.WaitTimeout(make([]iomux.Event[int], 1), 3*time.Millisecond)
	if n != 0 || err != nil {
		t.Fatalf("the wait returned %d, %v", n, err)
	}
}
