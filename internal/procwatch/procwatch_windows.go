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
	a := &asked{stop: make(chan struct{})}
	go func() {
		if a.code, a.known = exit.Await(a.stop); a.known {
			notify()
		}
	}()
	return newExit(a), nil
}
