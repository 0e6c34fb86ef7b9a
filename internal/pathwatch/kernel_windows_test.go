package pathwatch

import "time"

// kernels holds the implementations for this system.
var kernels = map[string]func() (kernel, error){
	"ReadDirectoryChanges": func() (kernel, error) { return newKernel(func() { notified <- struct{}{} }) },
}

// notified has room for all notifications of a test, even if none is taken.
var notified = make(chan struct{}, 1<<20)

// await waits until some kernel has a change to report, but no longer than limit.
func await(_ *Watcher, limit time.Duration) {
	select {
	case <-notified:
	case <-time.After(min(limit, 5*time.Millisecond)): // another test may have taken it
	}
}

func (k *directories) count() int { return len(k.nodes) }
