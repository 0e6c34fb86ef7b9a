package procwatch

import (
	"os"

	"iomux/internal/sys"
)

// watch waits for the handle of the process. Its goroutine blocks a thread.
func watch(process *os.Process, notify func()) (*Exit, error) {
	exit, err := sys.NewExit(process)
	if err != nil {
		return nil, err
	}
	b := &background{stop: make(chan struct{})}
	go func() {
		if b.code, b.known = exit.Await(b.stop); b.known {
			notify()
		}
	}()
	return newExit(b), nil
}
