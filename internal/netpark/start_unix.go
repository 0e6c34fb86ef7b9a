//go:build unix

package netpark

import (
	"time"

	"iomux/internal/lazy"
	"iomux/internal/waker"
)

var started lazy.Value[struct{}]

// Start starts the Go runtime's netpoller. The runtime starts it no later than its first timer, and
// ends the program if no descriptor is left then. Start returns the error instead.
func Start() error {
	_, err := started.Get(func() (struct{}, error) {
		err := checkRoom()
		if err == nil {
			// A timer with a channel would not start it before a goroutine waits for
			// the timer.
			time.AfterFunc(time.Hour, func() {}).Stop()
		}
		return struct{}{}, err
	})
	return err
}

// checkRoom returns an error if the netpoller's descriptors cannot be opened. It opens two on
// Linux, which needs two, and four on other systems, which need up to three.
func checkRoom() error {
	first, err := waker.New()
	if err != nil {
		return err
	}
	defer func() { _ = first.Close() }()
	second, err := waker.New()
	if err != nil {
		return err
	}
	return second.Close()
}
