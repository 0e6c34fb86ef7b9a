package pathwatch

import "time"

// kernels are the ways in which this system can watch.
var kernels = map[string]func() (kernel, error){
	"ReadDirectoryChanges": func() (kernel, error) { return newKernel(func() { notified <- struct{}{} }) },
}

// notified has room for all notifications of a test, which nobody may have to take.
var notified = make(chan struct{}, 1<<20)

// await waits until some kernel has something to report, for limit at most.
func await(_ *Watcher, limit time.Duration) {
	select {
	case <-notified:
	case <-time.After(min(limit, 5*time.Millisecond)): // another test may have taken it
	}
}

func (k *directories) count() int { return len(k.nodes) }
