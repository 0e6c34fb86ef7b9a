//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows

package pathwatch

import (
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"iomux/internal/test/leak"
	"iomux/internal/test/wine"
)

// The test is not parallel, because it counts the descriptors and goroutines of the process.
func TestUnreachableWatcherIsClosed(t *testing.T) {
	const many = 20
	name := filepath.Join(wine.Folder(t), "file")
	write(t, name, "")
	descriptors, goroutines := leak.Count(), runtime.NumGoroutine()
	for range many {
		w, err := New(func() {})
		must(t, err)
		add(t, w, name).Owner = w // a Poller's source also refers to the Poller
	}
	limit := descriptors + many - 1
	if runtime.GOOS == "windows" {
		limit += 3 * many // the runtime's threads have events; a watcher has six handles
	}
	for end := time.Now().Add(soon); leak.Count() > limit || runtime.NumGoroutine() > goroutines; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d descriptors and %d goroutines, before %d and %d", leak.Count(), runtime.NumGoroutine(), descriptors, goroutines)
		}
		runtime.GC()
	}
}
