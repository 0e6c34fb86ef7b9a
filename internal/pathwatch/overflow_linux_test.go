package pathwatch

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// If the kernel's queue overflows, the watcher finds the lost changes.
func TestOverflow(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	limit, errNumber := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || errNumber != nil || limit > 1<<17 {
		t.Skip("the length of inotify's queue is unknown or too large:", err)
	}
	w, err := New(nil)
	must(t, err)
	defer func() { must(t, w.Close()) }()
	directory := t.TempDir()
	name, other := filepath.Join(directory, "file"), filepath.Join(directory, "other")
	write(t, other, "")
	p := add(t, w, name)
	add(t, w, other)
	for i := range limit/2 + 2 { // the kernel combines equal successive events
		must(t, os.Chtimes(other, time.Time{}, time.Unix(int64(i), 0)))
		must(t, os.Chmod(directory, 0o700))
	}
	write(t, name, "lost")
	expect(t, w, p, Created, Modified)
	must(t, appendTo(name, "more"))
	expect(t, w, p, Modified|Extended, 0)
}
